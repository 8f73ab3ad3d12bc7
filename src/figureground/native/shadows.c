/* Shadows: mattes spread over boxes and thrown on a floor, and the light that they take; render/shadows.py says what is
   right. */
#include "kernel.h"
#include <stdlib.h>

enum { NARROW = 4096 }; /* windows so wide are divided by in float32, exactly; sums are 255 times as large at most */

static Py_ssize_t least(Py_ssize_t a, Py_ssize_t b) { return a < b ? a : b; }
static Py_ssize_t most(Py_ssize_t a, Py_ssize_t b) { return a > b ? a : b; }

/* Rounds to whole numbers, halves to even: where they are so large float64 has no bits for fractions. */
static inline double whole(double value) {
    const double far = 6755399441055744.0;
    return value + far - far;
}

/* Returns the largest whole number that is not above it, of values within int32. */
static inline int32_t floored(double value) {
    int32_t found = (int32_t)value;
    return found - ((double)found > value);
}

/* Writes (upper - lower) / window, rounded down.  Half is added, which float32 still holds: the quotient is then at least
   1 / 8192 away from a whole number, and off by less than 1 / 32768. */
static inline void means(const uint32_t *upper, const uint32_t *lower, Py_ssize_t count, int64_t window, uint8_t *out) {
    float inverse = 1.0f / (float)window;
    if (window > NARROW)
        for (Py_ssize_t i = 0; i < count; i++) out[i] = (uint8_t)((int64_t)(upper[i] - lower[i]) / window);
    else
        for (Py_ssize_t i = 0; i < count; i++)
            out[i] = (uint8_t)(int32_t)(((float)(int32_t)(upper[i] - lower[i]) + 0.5f) * inverse);
}

/* How much room `box` needs: a row more than the values have, or one row with both its frames. */
static size_t room_of(Py_ssize_t height, Py_ssize_t width) {
    size_t down = ((size_t)height + 1) * (size_t)width, across = 3 * (size_t)width + 1;
    return down > across ? down : across;
}

/* Replaces values by means of boxes, `along` rows and `across` columns on either side; beyond the edge all is 0. */
FLATTENED FOR_EACH_PROCESSOR
static void box(uint8_t *values, Py_ssize_t height, Py_ssize_t width, const int64_t *along, const int64_t *across,
                uint32_t *sums) {
    memset(sums, 0, (size_t)width * sizeof(*sums));
    for (Py_ssize_t i = 0; i < height * width; i++) sums[i + width] = sums[i] + values[i];
    for (Py_ssize_t y = 0; y < height; y++) {
        Py_ssize_t reach = (Py_ssize_t)along[y];
        means(sums + least(y + reach + 1, height) * width, sums + most(y - reach, 0) * width, width, 2 * along[y] + 1,
              values + y * width);
    }
    for (Py_ssize_t y = 0; y < height; y++, values += width) {
        Py_ssize_t reach = least((Py_ssize_t)across[y], width);
        uint32_t *next = sums + reach + 1; /* before it all sums are 0 */
        memset(sums, 0, (size_t)(reach + 1) * sizeof(*sums));
        for (Py_ssize_t x = 0; x < width; x++) next[x] = next[x - 1] + values[x];
        for (Py_ssize_t x = width; x < width + reach; x++) next[x] = next[width - 1];
        means(sums + 2 * reach + 1, sums, width, 2 * across[y] + 1, values);
    }
}

static int reaches(const Py_buffer *reach, Py_ssize_t height) {
    if (reach->shape[0] != height) return 0;
    for (Py_ssize_t y = 0; y < height; y++) {
        int64_t one = ((const int64_t *)reach->buf)[y];
        if (one < 0 || one > INT32_MAX) return 0;
    }
    return 1;
}

/* Sums of so many bytes, and places among so many, are whole numbers of 32 bits. */
static int is_small(Py_ssize_t height, Py_ssize_t width) {
    return height < INT32_MAX / 256 && width < INT32_MAX / 256 && (!width || height <= INT32_MAX / 256 / width);
}

/* tent(values, along, across): uint8 (height, width), changed in place; int64 (height,) twice */
static PyObject *tent(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer views[3];
    int taken = 0;
    if (!PyArg_ParseTuple(args, "OOO", objects, objects + 1, objects + 2)) return NULL;
    for (; taken < 3; taken++)
        if (array_of(objects[taken], views + taken, taken ? 1 : 2, taken ? 8 : 1, !taken) < 0) goto done;
    Py_ssize_t height = views[0].shape[0], width = views[0].shape[1];
    if (!is_small(height, width) || !reaches(views + 1, height) || !reaches(views + 2, height)) {
        PyErr_SetString(PyExc_ValueError, "a reach for each row is needed, 0 or more");
        goto done;
    }
    uint32_t *sums = malloc(room_of(height, width) * sizeof(*sums));
    if (!sums) {
        PyErr_NoMemory();
        goto done;
    }
    for (int twice = 0; twice < 2; twice++) box(views[0].buf, height, width, views[1].buf, views[2].buf, sums);
    free(sums);
    Py_INCREF(found = Py_None);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

/* lowest(alpha, step, out): uint8 (height, width) of any strides; int64 (columns,), each of `step` columns: the row below
   the last one where alpha is at least 128, and left as it is where none is */
static PyObject *lowest(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *target, *found = NULL;
    Py_buffer alpha, out;
    Py_ssize_t step;
    if (!PyArg_ParseTuple(args, "OnO", &object, &step, &target) || strided_of(object, &alpha, 2, 1, 0) < 0) return NULL;
    if (array_of(target, &out, 1, 8, 1) == 0) {
        Py_ssize_t height = alpha.shape[0], width = alpha.shape[1];
        if (step < 1 || out.shape[0] != width / step + (width % step != 0)) {
            PyErr_SetString(PyExc_ValueError, "columns that do not fit");
        } else {
            int64_t *last = out.buf;
            for (Py_ssize_t x = 0; x < width; x++) {
                const uint8_t *column = (const uint8_t *)alpha.buf + x * alpha.strides[1];
                for (Py_ssize_t y = height; y > 0 && y > last[x / step]; y--)
                    if (column[(y - 1) * alpha.strides[0]] >= 128) last[x / step] = y;
            }
            Py_INCREF(found = Py_None);
        }
        PyBuffer_Release(&out);
    }
    PyBuffer_Release(&alpha);
    return found;
}

typedef struct {
    Py_ssize_t rows, columns;
    const int64_t *zones; /* reach across, reach along, the most */
    Py_ssize_t count;
    int64_t half;
} Zones;

typedef struct {
    Py_ssize_t top, bottom, left, right;
} Part;

/* The smallest part, of rows and columns, that holds all soles; an empty one where there are none. */
static Part filled(const Zones *zones, const uint8_t *soles) {
    Part found = {zones->rows, 0, zones->columns, 0};
    for (Py_ssize_t y = 0; y < zones->rows; y++, soles += zones->columns)
        for (Py_ssize_t x = 0; x < zones->columns; x++)
            if (soles[x]) {
                found.top = least(found.top, y), found.bottom = y + 1;
                found.left = least(found.left, x), found.right = most(found.right, x + 1);
            }
    return found;
}

/* Puts into `dark` what one zone makes of `soles`: twice as far as it reaches beyond all of them there is nothing. */
static void zone_spread(const Zones *zones, const int64_t *zone, Part part, const uint8_t *soles, uint8_t *one,
                        int64_t *reach, uint32_t *sums, uint8_t *dark) {
    Py_ssize_t across = least((Py_ssize_t)zone[0], zones->columns), along = least((Py_ssize_t)zone[1], zones->rows);
    part.top = most(part.top - 2 * along, 0), part.bottom = least(part.bottom + 2 * along, zones->rows);
    part.left = most(part.left - 2 * across, 0), part.right = least(part.right + 2 * across, zones->columns);
    Py_ssize_t height = part.bottom - part.top, width = part.right - part.left;
    uint8_t levels[256];
    for (int64_t v = 0; v < 256; v++) {
        int64_t spread = v * (2 * zone[1] + 1) / (2 * zones->zones[1] + 1);
        levels[v] = (uint8_t)(zone[2] * spread / (spread + zones->half));
    }
    for (Py_ssize_t y = 0; y < height; y++) {
        reach[y] = zone[1], reach[y + height] = zone[0];
        memcpy(one + y * width, soles + (part.top + y) * zones->columns + part.left, (size_t)width);
    }
    for (int twice = 0; twice < 2; twice++) box(one, height, width, reach, reach + height, sums);
    for (Py_ssize_t y = 0; y < height; y++, one += width) {
        uint8_t *out = dark + (part.top + y) * zones->columns + part.left;
        for (Py_ssize_t x = 0; x < width; x++)
            if (levels[one[x]] > out[x]) out[x] = levels[one[x]];
    }
}

/* Writes into `dark` what the zones make of `soles`; 0, or -1 without memory. */
static int spread_soles(const Zones *zones, const uint8_t *soles, uint8_t *dark) {
    size_t size = (size_t)(zones->rows * zones->columns);
    Part part = filled(zones, soles);
    memset(dark, 0, size);
    if (part.top >= part.bottom) return 0;
    uint8_t *one = malloc(size);
    uint32_t *sums = malloc(room_of(zones->rows, zones->columns) * sizeof(*sums));
    int64_t *reach = malloc(2 * (size_t)zones->rows * sizeof(*reach));
    int failed = !one || !sums || !reach;
    for (Py_ssize_t k = 0; k < zones->count && !failed; k++)
        zone_spread(zones, zones->zones + 3 * k, part, soles, one, reach, sums, dark);
    free(one);
    free(sums);
    free(reach);
    return failed ? -1 : 0;
}

/* spread(soles, zones, half, dark): uint8 (rows, columns); int64 (zones, 3), each (across, along, most); `half`: of 255,
   soles spread so thin darken by half of the most; dark: uint8 of the soles' shape */
static PyObject *spread(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer views[3];
    int half, taken = 0, fits = 1;
    if (!PyArg_ParseTuple(args, "OOiO", objects, objects + 1, &half, objects + 2)) return NULL;
    for (; taken < 3; taken++)
        if (array_of(objects[taken], views + taken, 2, taken == 1 ? 8 : 1, taken == 2) < 0) goto done;
    Py_ssize_t *shape = views[0].shape, *own = views[2].shape;
    Zones zones = {shape[0], shape[1], views[1].buf, views[1].shape[0], half};
    fits = is_small(shape[0], shape[1]) && shape[0] == own[0] && shape[1] == own[1] && views[1].shape[1] == 3 &&
           half > 0;
    for (Py_ssize_t k = 0; fits && k < zones.count; k++) {
        const int64_t *zone = zones.zones + 3 * k;
        fits = zone[0] >= 0 && zone[0] < INT32_MAX / 256 && zone[1] >= 0 && zone[1] < INT32_MAX / 256 &&
               zone[2] >= 0 && zone[2] <= 255;
    }
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "zones or shapes that do not fit");
    } else if (spread_soles(&zones, views[0].buf, views[2].buf) < 0) {
        PyErr_NoMemory();
    } else {
        Py_INCREF(found = Py_None);
    }
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

/* What of a card's shadow a place of the floor sees. */
typedef struct {
    const uint8_t *matte; /* framed by one empty px */
    Py_ssize_t rows, columns;
    double a, b, c, at_foot;                 /* inverse depth of the floor, and at the foot */
    double k, middle, aside, faded, strength; /* how the light falls */
    double foot, height, top, left, scale;   /* the card on the canvas */
} Card;

/* Returns a value between 0 and the last one but for a thousandth, also for what is no number. */
static inline double inside(double value, Py_ssize_t size) {
    double last = (double)size - 1.001;
    value = value >= 0 ? value : 0;
    return value < last ? value : last;
}

static double thrown_at(const Card *card, double x, double plane) {
    double r = plane / card->at_foot;
    r = r > 1e-3 ? r : 1e-3;
    double t = (1 / r - 1) / card->k;
    if (!(t >= -0.05 && t <= 1.1)) return 0;
    double across = (x - card->middle) / r + card->middle - card->aside * t;
    double row = inside((card->foot - t * card->height - card->top) * card->scale + 0.5, card->rows);
    double column = inside((across - card->left) * card->scale + 0.5, card->columns);
    Py_ssize_t i = (Py_ssize_t)row, j = (Py_ssize_t)column;
    double v = row - (double)i, u = column - (double)j;
    const uint8_t *place = card->matte + i * card->columns + j;
    double above = place[0] * (1 - u) + place[1] * u;
    double below = place[card->columns] * (1 - u) + place[card->columns + 1] * u;
    double dark = above * (1 - v) + below * v, fade = 1 - card->faded * t;
    fade = fade > 0 ? fade : 0;
    return dark * (fade < 1 ? fade : 1) * card->strength;
}

/* thrown(matte, y, x, (a, b, c, at_foot), (k, middle, aside, faded, strength), (foot, height, top, left, scale), out):
   uint8 (2 or more, 2 or more), its frame included; float64 (rows,), (columns,) -> float64 (rows, columns), 0..255 */
static PyObject *thrown(PyObject *self, PyObject *args) {
    (void)self;
    static const int dimensions[] = {2, 1, 1, 2}, items[] = {1, 8, 8, 8};
    PyObject *objects[4], *found = NULL;
    Py_buffer views[4];
    Card card;
    int taken = 0;
    if (!PyArg_ParseTuple(args, "OOO(dddd)(ddddd)(ddddd)O", objects, objects + 1, objects + 2, &card.a, &card.b, &card.c,
                          &card.at_foot, &card.k, &card.middle, &card.aside, &card.faded, &card.strength, &card.foot,
                          &card.height, &card.top, &card.left, &card.scale, objects + 3))
        return NULL;
    for (; taken < 4; taken++)
        if (array_of(objects[taken], views + taken, dimensions[taken], items[taken], taken == 3) < 0) goto done;
    card.matte = views[0].buf, card.rows = views[0].shape[0], card.columns = views[0].shape[1];
    Py_ssize_t height = views[1].shape[0], width = views[2].shape[0];
    if (card.rows < 2 || card.columns < 2 || views[3].shape[0] != height || views[3].shape[1] != width) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        goto done;
    }
    const double *y = views[1].buf, *x = views[2].buf;
    double *out = views[3].buf;
    for (Py_ssize_t i = 0; i < height; i++)
        for (Py_ssize_t j = 0; j < width; j++)
            out[i * width + j] = thrown_at(&card, x[j], card.a * x[j] + card.b * y[i] + card.c);
    Py_INCREF(found = Py_None);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

typedef struct {
    Py_ssize_t first, after;
    double share;
} Between;

/* Where between the values of a lattice px number `at` of `step` times as many lies. */
static Between between(Py_ssize_t at, Py_ssize_t step, Py_ssize_t size) {
    double place = ((double)at + 0.5) / (double)step - 0.5;
    place = place > 0 ? place : 0;
    place = place < (double)(size - 1) ? place : (double)(size - 1);
    Py_ssize_t first = least(floored(place), most(size - 2, 0));
    return (Between){first, least(first + 1, size - 1), place - (double)first};
}

static void make_finer(const double *values, Py_ssize_t height, Py_ssize_t width, Py_ssize_t step, Between *columns,
                       double *row, uint8_t *out) {
    for (Py_ssize_t x = 0; x < width * step; x++) columns[x] = between(x, step, width);
    for (Py_ssize_t y = 0; y < height * step; y++, out += width * step) {
        Between down = between(y, step, height);
        const double *above = values + down.first * width, *below = values + down.after * width;
        for (Py_ssize_t x = 0; x < width; x++) row[x] = above[x] * (1 - down.share) + below[x] * down.share;
        for (Py_ssize_t x = 0; x < width * step; x++) {
            Between one = columns[x];
            out[x] = (uint8_t)(int32_t)whole(row[one.first] * (1 - one.share) + row[one.after] * one.share);
        }
    }
}

/* finer(values, step, out): float64 (rows, columns), 0..255 -> uint8, `step` times as many each way */
static PyObject *finer(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *target, *found = NULL;
    Py_buffer values, out;
    Py_ssize_t step;
    if (!PyArg_ParseTuple(args, "OnO", &object, &step, &target) || array_of(object, &values, 2, 8, 0) < 0) return NULL;
    if (array_of(target, &out, 2, 1, 1) == 0) {
        Py_ssize_t height = values.shape[0], width = values.shape[1], size = height * width, bad = 0;
        const double *all = values.buf;
        if (step < 1 || step > INT32_MAX || out.shape[0] % step || out.shape[1] % step ||
            out.shape[0] / step != height || out.shape[1] / step != width || out.shape[0] > INT32_MAX ||
            out.shape[1] > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
            goto done;
        }
        for (Py_ssize_t i = 0; i < size; i++) bad += !(all[i] > -0.5 && all[i] < 255.5);
        if (bad) {
            PyErr_SetString(PyExc_ValueError, "values beyond 0..255 do not fit");
            goto done;
        }
        if (step == 1) {
            for (Py_ssize_t i = 0; i < size; i++) ((uint8_t *)out.buf)[i] = (uint8_t)(int32_t)whole(all[i]);
        } else {
            Between *columns = malloc(((size_t)out.shape[1] + 1) * sizeof(*columns));
            double *row = malloc(((size_t)width + 1) * sizeof(*row));
            if (columns && row) make_finer(all, height, width, step, columns, row, out.buf);
            else PyErr_NoMemory();
            free(columns);
            free(row);
        }
        if (!PyErr_Occurred()) Py_INCREF(found = Py_None);
    done:
        PyBuffer_Release(&out);
    }
    PyBuffer_Release(&values);
    return found;
}

/* soles(at, weight, below, above, left, out): int64 (columns,) and uint8 (columns,); uint8 (rows, width), empty, which takes
   the weight of a column, from `left` on, in the `below` rows up from its row `at` and in `above` rows from there on */
static PyObject *soles(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer at, weight, out;
    Py_ssize_t up, down, left;
    if (!PyArg_ParseTuple(args, "OOnnnO", objects, objects + 1, &up, &down, &left, objects + 2)) return NULL;
    if (array_of(objects[0], &at, 1, 8, 0) < 0) return NULL;
    if (array_of(objects[1], &weight, 1, 1, 0) < 0) goto release_at;
    if (array_of(objects[2], &out, 2, 1, 1) < 0) goto release_weight;
    Py_ssize_t columns = at.shape[0], rows = out.shape[0], width = out.shape[1];
    if (weight.shape[0] != columns || left < 0 || left > width - columns || up < 0 || down < 0 || up > INT32_MAX ||
        down > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
    } else {
        for (Py_ssize_t x = 0; x < columns; x++) {
            int64_t row = ((const int64_t *)at.buf)[x], first, last;
            uint8_t own = ((const uint8_t *)weight.buf)[x];
            if (!own || row < -INT32_MAX || row > INT32_MAX) continue; /* beyond any canvas */
            first = row - up > 0 ? row - up : 0, last = row + down < rows ? row + down : rows;
            for (int64_t y = first; y < last; y++) ((uint8_t *)out.buf)[y * width + left + x] = own;
        }
        Py_INCREF(found = Py_None);
    }
    PyBuffer_Release(&out);
release_weight:
    PyBuffer_Release(&weight);
release_at:
    PyBuffer_Release(&at);
    return found;
}

PyMethodDef shadows_methods[] = {
    {"soles", soles, METH_VARARGS, NULL},
    {"tent", tent, METH_VARARGS, NULL},     {"lowest", lowest, METH_VARARGS, NULL},
    {"spread", spread, METH_VARARGS, NULL}, {"thrown", thrown, METH_VARARGS, NULL},
    {"finer", finer, METH_VARARGS, NULL},   {NULL, NULL, 0, NULL},
};

/* First looks at places for a figure; plan/places.py says what is right. */
#include "kernel.h"
#include <math.h>

/* Sides of a cut-out that must lie on the frame or beyond it, as the bits of a turn, whose first bit mirrors it. */
enum { MIRRORED = 1, TOP = 2, RIGHT = 4, BOTTOM = 8, LEFT = 16 };

enum { HUGE_SIDE = 1 << 30 }; /* px; more is taken as so many */

typedef struct {
    double width, height, real, share, foot_x, foot_y, least, most, above, min_visible;
} Wanted;

/* focal length in columns and rows, the picture's middle, the floor's normal, and the camera's height above it; with a
   focal length of 0 the horizon's rise, the middle column, and its row there, in their places */
typedef struct {
    double focal_x, focal_y, middle_x, middle_y, normal[3], camera;
} HeightRule;

typedef struct {
    double scale, offset, kind, a, b, c, hides, clear, deeper, close;
} DepthRule;

typedef struct {
    int64_t x, y, width, height;
} Box;

static int taken_wanted(PyObject *tuple, Wanted *w) {
    return PyArg_ParseTuple(tuple, "dddddddddd", &w->width, &w->height, &w->real, &w->share, &w->foot_x, &w->foot_y,
                            &w->least, &w->most, &w->above, &w->min_visible);
}

static int64_t at_most(int64_t value, int64_t most) { return value < most ? value : most; }

static double between(double value, double least, double most) {
    return value > least ? value < most ? value : most : least;
}

/* The px of a side, counted from its beginning; what lies farther off than any side is long is taken as so far. */
static int64_t px_of(double value) { return (int64_t)between(value, -HUGE_SIDE, HUGE_SIDE); }

/* Returns where a cut-out lies that is so tall, of a foot on (x, y). */
static Box box_of(const Wanted *wanted, int64_t x, int64_t y, double tall, int turn) {
    double height = between(rint(tall), 1, HUGE_SIDE);
    double width = between(rint(wanted->width * height / wanted->height), 1, HUGE_SIDE);
    Box box = {x, y, (int64_t)width, (int64_t)height};
    int64_t column = at_most(px_of(wanted->foot_x * (double)box.width), box.width - 1);
    int64_t row = px_of(wanted->foot_y * height);
    if (wanted->foot_y <= 1) row = at_most(row, box.height - 1);
    box.x -= turn & MIRRORED ? box.width - 1 - column : column;
    box.y -= row;
    return box;
}

static int is_beyond(const Box *box, int turn, int64_t rows, int64_t columns) {
    return !((turn & TOP && box->y > 0) || (turn & LEFT && box->x > 0) ||
             (turn & BOTTOM && box->y + box->height < rows) || (turn & RIGHT && box->x + box->width < columns));
}

/* How many px tall somebody of so many metres looks whose foot is at x, y; NaN where the head is behind the camera. */
static double height_at(const HeightRule *rule, double real, double x, double y) {
    if (rule->focal_x == 0) {
        double horizon = rule->middle_y + rule->focal_y * (x - rule->middle_x);
        return (y - horizon) * real / rule->camera;
    }
    const double *normal = rule->normal;
    double across = (x - rule->middle_x) / rule->focal_x, down = (y - rule->middle_y) / rule->focal_y;
    double ahead = rule->camera / (across * normal[0] + down * normal[1] + normal[2]);
    double depth = ahead - real * normal[2];
    if (!(depth > 0)) return NAN;
    double over = x - ((across * ahead - real * normal[0]) * rule->focal_x / depth + rule->middle_x);
    double up = y - ((down * ahead - real * normal[1]) * rule->focal_y / depth + rule->middle_y);
    return sqrt(over * over + up * up);
}

/* The inverse depth at a pixel; not more than 0, or NaN, where it is unknown. */
static double inverse_depth_at(const DepthRule *rule, const Py_buffer *codes, int64_t x, int64_t y) {
    if (y >= codes->shape[0]) return rule->a * ((double)x + 0.5) + rule->b * ((double)y + 0.5) + rule->c;
    uint16_t code = ((const uint16_t *)codes->buf)[y * codes->shape[1] + x];
    if (rule->kind == 2 || !code) return NAN;
    float value = (float)(rule->offset + rule->scale * (double)code);
    return value > 0 ? rule->kind == 0 ? 1 / (double)value : (double)value : NAN;
}

static Py_ssize_t within(int64_t place, Py_ssize_t size) { return place < 0 ? 0 : place < size ? place : size - 1; }

typedef struct {
    Wanted wanted;
    HeightRule heights;
    DepthRule depth;
    Py_buffer places, codes, points, barrier;
    const char *turns;
    Py_ssize_t count;
} Look;

/* Inverse depth beyond which something is before a figure; least and most of what is where its body is. */
typedef struct {
    float before, far, near;
} Limits;

/* Tells whether enough of a figure's points are seen, and no more of them than may be are where something else is. */
static int has_room(const Look *look, const Box *box, int turn, Limits limits) {
    const float *point = look->points.buf, *nearer = look->barrier.buf;
    Py_ssize_t count = look->points.shape[0], seen = 0, crowded = 0;
    Py_ssize_t high = look->barrier.shape[0], wide = look->barrier.shape[1];
    for (Py_ssize_t k = 0; k < count; k++, point += 2) {
        int64_t x = px_of((double)point[0] * (double)box->width);
        int64_t y = px_of((double)point[1] * (double)box->height);
        x = (turn & MIRRORED ? box->width - 1 - x : x) + box->x + 1;
        float there = nearer[within(y + box->y + 1, high) * wide + within(x, wide)];
        seen += there <= limits.before;
        crowded += there > limits.far && there <= limits.near;
    }
    double of = (double)(count > 1 ? count : 1);
    return (double)seen / of >= look->wanted.min_visible && (double)crowded / of <= look->depth.close;
}

/* Tells whether a place promises well, and writes the height in px and the inverse depth there. */
static int promises(const Look *look, int64_t x, int64_t y, double *tall, double *inverse) {
    const Wanted *wanted = &look->wanted;
    int64_t rows = look->codes.shape[0], columns = look->codes.shape[1];
    *tall = height_at(&look->heights, wanted->real, (double)x + 0.5, (double)y + 1.0) * wanted->share;
    double whole = rint(*tall);
    if (!(whole >= wanted->least - 0.5 && whole <= wanted->most + 0.5)) return 0;
    *inverse = inverse_depth_at(&look->depth, &look->codes, x, y);
    if (!(*inverse > 0)) return 0;
    for (Py_ssize_t n = 0; n < look->count; n++) {
        Box box = box_of(wanted, x, y, *tall, look->turns[n]);
        if (!is_beyond(&box, look->turns[n], rows, columns)) return 0;
        if (!((double)box.y >= wanted->above * (double)box.height)) return 0;
        if (wanted->min_visible >= 1 &&
            (box.x < 0 || box.y < 0 || box.x + box.width > columns || box.y + box.height > rows))
            return 0;
    }
    double deeper = 1 + look->depth.deeper * *tall / (wanted->real * wanted->share);
    Limits limits = {(float)(*inverse * look->depth.hides), (float)(*inverse / deeper),
                     (float)(*inverse * look->depth.clear)};
    for (Py_ssize_t n = 0; n < look->count; n++) {
        Box box = box_of(wanted, x, y, *tall, look->turns[n]);
        if (!has_room(look, &box, look->turns[n], limits)) return 0;
    }
    return 1;
}

/* Returns a list of (x, y, height, inverse depth) of the first places that promise well, `most` at most. */
static PyObject *looked_at(const Look *look, Py_ssize_t most) {
    PyObject *found = PyList_New(0);
    const int64_t *place = look->places.buf;
    for (Py_ssize_t k = 0; found && k < look->places.shape[0] && PyList_Size(found) < most; k++, place += 2) {
        double tall, inverse;
        if (place[0] < 0 || place[1] < 0 || place[0] >= look->codes.shape[1] || place[1] > HUGE_SIDE) {
            PyErr_SetString(PyExc_ValueError, "a place beside the canvas");
            Py_CLEAR(found);
        } else if (promises(look, place[0], place[1], &tall, &inverse)) {
            double height = rint(tall);
            PyObject *one = Py_BuildValue("LLLd", (long long)place[0], (long long)place[1],
                                          (long long)(height > 1 ? height : 1), inverse);
            if (!one || PyList_Append(found, one) < 0) Py_CLEAR(found);
            Py_XDECREF(one);
        }
    }
    return found;
}

/* promising(places, height rule, wanted, turns, codes, depth rule, points, barrier, most): int64 (n, 2), numbers, numbers,
   a byte a turn, uint16 (rows, columns), numbers, float32 (n, 2), float32 (rows + 2, columns + 2) */
static PyObject *promising(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[4], *wanted, *found = NULL;
    Look look;
    HeightRule *h = &look.heights;
    DepthRule *d = &look.depth;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "O(dddddddd)O!y#O(dddddddddd)OOn", objects, &h->focal_x, &h->focal_y, &h->middle_x,
                          &h->middle_y, h->normal, h->normal + 1, h->normal + 2, &h->camera, &PyTuple_Type, &wanted,
                          &look.turns, &look.count, objects + 1, &d->scale, &d->offset, &d->kind, &d->a, &d->b, &d->c,
                          &d->hides, &d->clear, &d->deeper, &d->close, objects + 2, objects + 3, &most) ||
        !taken_wanted(wanted, &look.wanted))
        return NULL;
    Py_buffer *views[4] = {&look.places, &look.codes, &look.points, &look.barrier};
    const Py_ssize_t items[4] = {8, 2, 4, 4};
    int taken = 0;
    while (taken < 4 && array_of(objects[taken], views[taken], 2, items[taken], 0) == 0) taken++;
    if (taken == 4) {
        if (look.places.shape[1] != 2 || look.points.shape[1] != 2 ||
            look.barrier.shape[0] != look.codes.shape[0] + 2 || look.barrier.shape[1] != look.codes.shape[1] + 2)
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        else
            found = looked_at(&look, most);
    }
    while (taken) PyBuffer_Release(views[--taken]);
    return found;
}

PyMethodDef places_methods[] = {
    {"promising", promising, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

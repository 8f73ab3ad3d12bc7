/* Resizing figures; image/resample.py says what is right.  Weights are whole multiples of 1/65536 and sum to 1 at most,
   values are whole: no partial sum has more than 24 bits, so that floats are exact in whatever order they are summed. */
#include "kernel.h"
#include <math.h>
#include <stdlib.h>

enum { ONE = 1 << 16, FINE = 1 << 20, MOST_SIDE = 1 << 20 };

/* One axis: of each value of the result the first value of the source, and `taps` weights of it and those that follow.
   In a buffer of its own behind `weights`. */
typedef struct {
    Py_ssize_t size, taps;
    int32_t *first;
    float *weights;
} Pass;

static double larger(double a, double b) { return a > b ? a : b; }

/* Changes the largest of some whole numbers, the first of them, so that they have this sum. */
static void to_sum(double *values, Py_ssize_t count, double sum) {
    Py_ssize_t most = 0;
    for (Py_ssize_t k = 0; k < count; k++) {
        sum -= values[k];
        if (values[k] > values[most]) most = k;
    }
    values[most] += sum;
}

/* Writes the weights of one value, whole numbers that sum to 65536; returns the first value of the source. */
static int32_t window(Py_ssize_t source, Py_ssize_t size, Py_ssize_t place, Py_ssize_t taps, double *weights) {
    static const double hamming[] = {1.0, -2.91148, 3.44938, -2.01462, 0.52173};
    double step = (double)source / (double)size, reach = larger(step, 1.0);
    double centre = ((double)place + 0.5) * step, sum = 0;
    double first = floor(centre - reach + 0.5);
    first = larger(first, 0);
    first = first < (double)(source - taps) ? first : (double)(source - taps);
    for (Py_ssize_t k = 0; k < taps; k++) {
        double x = (first + (double)k + 0.5 - centre) / reach, square = x * x, value = 0;
        for (int n = 4; n >= 0; n--) value = value * square + hamming[n];
        weights[k] = rint(larger(value * (1 - square), 0) * FINE);
        sum += weights[k];
    }
    for (Py_ssize_t k = 0; k < taps; k++) weights[k] = rint(weights[k] * ONE / sum);
    to_sum(weights, taps, ONE);
    return (int32_t)first;
}

/* Mixes the weights of neighbouring values as a blur does: those of `place`, from those of all, `sharp` and `first`. */
static void mix(Pass *pass, Py_ssize_t place, Py_ssize_t size, Py_ssize_t source, const double *sharp,
                const int32_t *first, Py_ssize_t taps, const int32_t *soft, Py_ssize_t softs, double *row) {
    Py_ssize_t margin = softs / 2, from = place - 2 * margin, to = place + 1;
    from = from < 0 ? 0 : from;
    to = to > size ? size : to;
    int32_t begin = first[from < size ? from : size - 1];
    if (begin > source - pass->taps) begin = (int32_t)(source - pass->taps);
    memset(row, 0, (size_t)pass->taps * sizeof(*row));
    for (Py_ssize_t other = from; other < to; other++)
        for (Py_ssize_t k = 0; k < taps; k++)
            row[first[other] - begin + k] += soft[other - place + 2 * margin] * sharp[other * taps + k];
    double sum = 0;
    for (Py_ssize_t k = 0; k < pass->taps; k++) {
        sum += row[k];
        row[k] = floor(row[k] * (1.0 / ONE) + 0.5);
    }
    to_sum(row, pass->taps, floor(sum * (1.0 / ONE) + 0.5));
    pass->first[place] = begin;
    for (Py_ssize_t k = 0; k < pass->taps; k++) pass->weights[place * pass->taps + k] = (float)row[k] * (1.0f / ONE);
}

/* Fills a pass from `source` to `size` values and the margins of a blur; 0, or -1 without memory. */
static int pass_of(Pass *pass, Py_ssize_t source, Py_ssize_t size, const int32_t *soft, Py_ssize_t softs) {
    double step = (double)source / (double)size, needed = ceil(2 * larger(step, 1.0)) + 1;
    Py_ssize_t taps = needed < (double)source ? (Py_ssize_t)needed : source, span = taps, status = -1;
    double *sharp = malloc((size_t)(size * taps) * sizeof(*sharp));
    int32_t *first = malloc((size_t)size * sizeof(*first));
    pass->size = size + softs - 1;
    if (sharp && first) {
        for (Py_ssize_t k = 0; k < size; k++) first[k] = window(source, size, k, taps, sharp + k * taps);
        for (Py_ssize_t k = 0; k < size; k++) {
            Py_ssize_t last = k + softs - 1 < size ? k + softs - 1 : size - 1;
            span = first[last] - first[k] + taps > span ? first[last] - first[k] + taps : span;
        }
        pass->taps = span < source ? span : source;
        pass->first = malloc((size_t)pass->size * sizeof(*pass->first));
        pass->weights = malloc((size_t)(pass->size * pass->taps) * sizeof(*pass->weights));
        double *row = malloc((size_t)pass->taps * sizeof(*row));
        if (pass->first && pass->weights && row) {
            for (Py_ssize_t k = 0; k < pass->size; k++)
                mix(pass, k, size, source, sharp, first, taps, soft, softs, row);
            status = 0;
        }
        free(row);
    }
    free(sharp);
    free(first);
    return (int)status;
}

static void release(Pass *pass) {
    free(pass->first);
    free(pass->weights);
}

/* Some floats that are worked on at once: compilers that know no such types work on one at a time. */
#ifdef __GNUC__
typedef float Lanes __attribute__((vector_size(32), aligned(4), may_alias));
#else
typedef float Lanes;
#endif
enum { WIDTH = sizeof(Lanes) / sizeof(float), LINES = 2 * WIDTH };

/* Whole numbers near to values that are not negative and small; halves go to the even ones. */
#define ROUNDED(values) ((values) + 12582912.0f - 12582912.0f)

/* The rows of the source that a row of the result needs, as floats: of `count` rows, the one of number k is at k % count. */
typedef struct {
    Py_ssize_t length, count, known; /* known: rows that were converted so far */
    float *values;
    const float **taken; /* the rows of one row of the result */
} Ring;

FOR_EACH_PROCESSOR
static void converted(const uint8_t *bytes, Py_ssize_t length, float *values) {
    for (Py_ssize_t x = 0; x < length; x++) values[x] = (float)(int32_t)bytes[x];
}

/* Has rows `first` and those that follow in `taken`; `first` does not fall. */
static void advance(Ring *ring, const uint8_t *planes, Py_ssize_t first) {
    Py_ssize_t beyond = first + ring->count;
    for (Py_ssize_t k = ring->known > first ? ring->known : first; k < beyond; k++)
        converted(planes + k * ring->length, ring->length, ring->values + k % ring->count * ring->length);
    ring->known = ring->known > beyond ? ring->known : beyond;
    for (Py_ssize_t k = 0; k < ring->count; k++)
        ring->taken[k] = ring->values + (first + k) % ring->count * ring->length;
}

/* A row of the result of the first pass. */
FOR_EACH_PROCESSOR
static void down(const float *const *source, const float *weights, Py_ssize_t taps, Py_ssize_t length, float *line) {
    Py_ssize_t x = 0;
    for (; x + 4 * WIDTH <= length; x += 4 * WIDTH) {
        const Lanes *from = (const Lanes *)(source[0] + x);
        Lanes *to = (Lanes *)(line + x);
        Lanes a = from[0] * weights[0], b = from[1] * weights[0], c = from[2] * weights[0], d = from[3] * weights[0];
        for (Py_ssize_t tap = 1; tap < taps; tap++) {
            from = (const Lanes *)(source[tap] + x);
            a += from[0] * weights[tap];
            b += from[1] * weights[tap];
            c += from[2] * weights[tap];
            d += from[3] * weights[tap];
        }
        to[0] = ROUNDED(a), to[1] = ROUNDED(b), to[2] = ROUNDED(c), to[3] = ROUNDED(d);
    }
    for (; x < length; x++) {
        float sum = 0;
        for (Py_ssize_t tap = 0; tap < taps; tap++) sum += weights[tap] * source[tap][x];
        line[x] = ROUNDED(sum);
    }
}

/* The second pass over LINES rows of one plane, `turned`, (columns, LINES); `lines` of them are written, `stride` bytes
   apart. */
FOR_EACH_PROCESSOR
static void along(const Pass *pass, const float *turned, Py_ssize_t lines, uint8_t *out, Py_ssize_t stride) {
    Py_ssize_t taps = pass->taps;
    for (Py_ssize_t x = 0; x < pass->size; x++) {
        const float *weights = pass->weights + x * taps;
        const Lanes *source = (const Lanes *)(turned + pass->first[x] * LINES);
        Lanes a = source[0] * weights[0], b = source[1] * weights[0];
        for (Py_ssize_t tap = 1; tap < taps; tap++) {
            a += source[2 * tap] * weights[tap];
            b += source[2 * tap + 1] * weights[tap];
        }
        Lanes values[2] = {ROUNDED(a), ROUNDED(b)};
        for (Py_ssize_t n = 0; n < lines; n++) out[n * stride + x] = (uint8_t)(int32_t)((const float *)values)[n];
    }
}

/* planes: (rows, count, columns); out: (count, height, width) */
static int resize_into(const Py_buffer *planes, const Pass *vertical, const Pass *horizontal, uint8_t *out) {
    Py_ssize_t count = planes->shape[1], columns = planes->shape[2], length = count * columns;
    Ring ring = {length, vertical->taps, 0, malloc((size_t)(length * vertical->taps) * sizeof(float)),
                 malloc((size_t)vertical->taps * sizeof(float *))};
    float *rows = malloc((size_t)(length * LINES) * sizeof(*rows));
    float *turned = malloc((size_t)(length * LINES) * sizeof(*turned));
    int failed = !rows || !turned || !ring.values || !ring.taken;
    for (Py_ssize_t row = 0; !failed && row < vertical->size; row += LINES) {
        Py_ssize_t lines = vertical->size - row < LINES ? vertical->size - row : LINES;
        for (Py_ssize_t k = 0; k < lines; k++) {
            advance(&ring, planes->buf, vertical->first[row + k]);
            down(ring.taken, vertical->weights + (row + k) * vertical->taps, vertical->taps, length, rows + k * length);
        }
        if (lines < LINES) memset(rows + lines * length, 0, (size_t)((LINES - lines) * length) * sizeof(*rows));
        for (Py_ssize_t x = 0; x < length; x++)
            for (Py_ssize_t k = 0; k < LINES; k++) turned[x * LINES + k] = rows[k * length + x];
        for (Py_ssize_t plane = 0; plane < count; plane++)
            along(horizontal, turned + plane * columns * LINES, lines,
                  out + (plane * vertical->size + row) * horizontal->size, horizontal->size);
    }
    free(ring.values);
    free(ring.taken);
    free(rows);
    free(turned);
    return failed ? -1 : 0;
}

static int fits(const Py_buffer *planes, const Py_buffer *soft, const Py_buffer *out) {
    Py_ssize_t margins = soft->shape[0] - 1;
    if (soft->shape[0] % 2 == 0 || out->shape[0] != planes->shape[1] || out->shape[1] <= margins ||
        out->shape[2] <= margins || !planes->len) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        return 0;
    }
    for (int axis = 0; axis < 3; axis++)
        if (planes->shape[axis] > MOST_SIDE || out->shape[axis] > MOST_SIDE) {
            PyErr_SetString(PyExc_ValueError, "a side of more than a million");
            return 0;
        }
    return 1;
}

/* resize(planes, soft, out): uint8 (rows, count, columns); the weights of a blur, int32 of an
   odd count, which sum to 65536; uint8 (count, height, width), margins of half that count on every side included */
static PyObject *resize(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer planes, soft, out;
    if (!PyArg_ParseTuple(args, "OOO", objects, objects + 1, objects + 2)) return NULL;
    if (array_of(objects[0], &planes, 3, 1, 0) < 0) return NULL;
    if (array_of(objects[1], &soft, 1, 4, 0) < 0) goto release_planes;
    if (array_of(objects[2], &out, 3, 1, 1) < 0) goto release_soft;
    if (fits(&planes, &soft, &out)) {
        Pass vertical = {0, 0, NULL, NULL}, horizontal = {0, 0, NULL, NULL};
        Py_ssize_t softs = soft.shape[0];
        if (pass_of(&vertical, planes.shape[0], out.shape[1] - softs + 1, soft.buf, softs) < 0 ||
            pass_of(&horizontal, planes.shape[2], out.shape[2] - softs + 1, soft.buf, softs) < 0 ||
            resize_into(&planes, &vertical, &horizontal, out.buf) < 0)
            PyErr_NoMemory();
        else
            Py_INCREF(found = Py_None);
        release(&vertical);
        release(&horizontal);
    }
    PyBuffer_Release(&out);
release_soft:
    PyBuffer_Release(&soft);
release_planes:
    PyBuffer_Release(&planes);
    return found;
}

PyMethodDef resize_methods[] = {
    {"resize", resize, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* Resizing in whole numbers held in float32; image/resample.py says what is right, and why any order of sums is exact. */
#include "kernel.h"
#include <stdlib.h>

enum { LANES = 16, BLOCK = 8 };

/* Rounds 0 .. 2**22, halves to even: the sum has no bits for fractions.  Values beyond 0..255 come from no picture. */
static inline float whole(float value) {
    const float far = 12582912.0f; /* 1.5 * 2**23 */
    value = value > 0.0f ? value : 0.0f;
    value = value < 255.0f ? value : 255.0f;
    return value + far - far;
}

typedef struct {
    const float *weights;
    const int64_t *first;
    Py_ssize_t span, size;
} Pass;

/* The taps of one value of the result that are not 0: the first one's place in the source, the weights from there. */
static Py_ssize_t taps_of(Pass pass, Py_ssize_t place, Py_ssize_t *source, const float **weights) {
    const float *row = pass.weights + place * pass.span;
    Py_ssize_t begin = 0, end = pass.span;
    while (end > begin && row[end - 1] == 0.0f) end--;
    while (begin < end && row[begin] == 0.0f) begin++;
    *source = (Py_ssize_t)pass.first[place / BLOCK] + begin;
    *weights = row + begin;
    return end - begin;
}

/* Writes the rounded sums over j < taps of weights[j] * values[j * step + lane]. */
static inline void weighted(const float *values, Py_ssize_t step, const float *weights, Py_ssize_t taps, float *out) {
    float sums[LANES] = {0};
    for (Py_ssize_t j = 0; j < taps; j++)
        for (int lane = 0; lane < LANES; lane++) sums[lane] += weights[j] * values[j * step + lane];
    for (int lane = 0; lane < LANES; lane++) out[lane] = whole(sums[lane]);
}

static void one_row(const float *lines, Py_ssize_t length, Pass down, Py_ssize_t y, float *out) {
    Py_ssize_t source, x = 0;
    const float *weights;
    Py_ssize_t taps = taps_of(down, y, &source, &weights);
    lines += source * length;
    for (; x + LANES <= length; x += LANES) weighted(lines + x, length, weights, taps, out + x);
    for (; x < length; x++) {
        float sum = 0;
        for (Py_ssize_t j = 0; j < taps; j++) sum += weights[j] * lines[j * length + x];
        out[x] = whole(sum);
    }
}

/* Works out LANES rows of the result at a time: `tall` holds (LANES, count * columns), `turned` (columns, LANES). */
static void resize(const float *lines, Py_ssize_t count, Py_ssize_t columns, Pass down, Pass across, float *tall,
                   float *turned, uint8_t *out) {
    float sums[LANES];
    for (Py_ssize_t top = 0; top < down.size; top += LANES) {
        Py_ssize_t lanes = down.size - top < LANES ? down.size - top : LANES;
        for (Py_ssize_t lane = 0; lane < lanes; lane++)
            one_row(lines, count * columns, down, top + lane, tall + lane * count * columns);
        for (Py_ssize_t plane = 0; plane < count; plane++) {
            for (Py_ssize_t x = 0; x < columns; x++)
                for (Py_ssize_t lane = 0; lane < LANES; lane++)
                    turned[x * LANES + lane] = tall[(lane * count + plane) * columns + x];
            uint8_t *place = out + (plane * down.size + top) * across.size;
            for (Py_ssize_t x = 0; x < across.size; x++) {
                Py_ssize_t source;
                const float *weights;
                Py_ssize_t taps = taps_of(across, x, &source, &weights);
                weighted(turned + source * LANES, LANES, weights, taps, sums);
                for (Py_ssize_t lane = 0; lane < lanes; lane++) place[lane * across.size + x] = (uint8_t)sums[lane];
            }
        }
    }
}

/* Takes one axis; 0, or -1 with an exception set. */
static int pass_of(Pass *pass, const Py_buffer *weights, const Py_buffer *first, Py_ssize_t source, Py_ssize_t size) {
    *pass = (Pass){weights->buf, first->buf, weights->shape[2], size};
    int fits = weights->shape[1] == BLOCK && weights->shape[0] == first->shape[0] && weights->shape[0] >= size / BLOCK &&
               weights->shape[0] * BLOCK >= size && pass->span <= source;
    for (Py_ssize_t k = 0; fits && k < first->shape[0]; k++)
        fits = pass->first[k] >= 0 && pass->first[k] <= source - pass->span;
    if (!fits) PyErr_SetString(PyExc_ValueError, "weights that reach beyond what is resized");
    return fits ? 0 : -1;
}

/* resample(planes, down weights, their first values, across weights, their first values, out)
   float32 (rows, planes, columns), float32 (blocks, 8, span) and int64 (blocks,) twice -> uint8 (planes, height, width) */
static PyObject *resample(PyObject *self, PyObject *args) {
    (void)self;
    static const int dimensions[6] = {3, 3, 1, 3, 1, 3}, items[6] = {4, 4, 8, 4, 8, 1};
    PyObject *objects[6], *found = NULL;
    Py_buffer views[6];
    Pass down, across;
    int taken = 0;
    if (!PyArg_ParseTuple(args, "OOOOOO", objects, objects + 1, objects + 2, objects + 3, objects + 4, objects + 5))
        return NULL;
    for (; taken < 6; taken++)
        if (array_of(objects[taken], views + taken, dimensions[taken], items[taken], taken == 5) < 0) goto done;
    Py_ssize_t rows = views[0].shape[0], count = views[0].shape[1], columns = views[0].shape[2];
    if (views[5].shape[0] != count) {
        PyErr_SetString(PyExc_ValueError, "another number of planes");
        goto done;
    }
    if (pass_of(&down, views + 1, views + 2, rows, views[5].shape[1]) < 0) goto done;
    if (pass_of(&across, views + 3, views + 4, columns, views[5].shape[2]) < 0) goto done;
    float *tall = calloc((size_t)(count * columns) * LANES + 1, sizeof(*tall));
    float *turned = malloc(((size_t)columns * LANES + 1) * sizeof(*turned));
    if (tall && turned) {
        PyThreadState *others = PyEval_SaveThread();
        resize(views[0].buf, count, columns, down, across, tall, turned, views[5].buf);
        PyEval_RestoreThread(others);
        Py_INCREF(found = Py_None);
    } else {
        PyErr_NoMemory();
    }
    free(tall);
    free(turned);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

PyMethodDef resample_methods[] = {{"resample", resample, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

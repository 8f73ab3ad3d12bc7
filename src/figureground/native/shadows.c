/* Values spread over boxes, as shadows are; render/shadows.py says what is right. */
#include "kernel.h"
#include <stdlib.h>

/* The quotient rounded down, for divisors above 0.  A product in float64 is right or next to it where sums are below
   2**50; 64-bit division costs several times as much. */
static inline int64_t quotient(int64_t sum, int64_t divisor, double inverse) {
    if (sum > ((int64_t)1 << 50) || sum < -((int64_t)1 << 50)) {
        int64_t found = sum / divisor;
        return found - (sum % divisor < 0);
    }
    int64_t found = (int64_t)((double)sum * inverse), rest = sum - found * divisor;
    return found - (rest < 0) + (rest >= divisor);
}

static Py_ssize_t least(Py_ssize_t a, Py_ssize_t b) { return a < b ? a : b; }
static Py_ssize_t most(Py_ssize_t a, Py_ssize_t b) { return a > b ? a : b; }

/* Replaces values by means of boxes, `along` rows and `across` columns on either side; beyond the edge all is 0.
   `sums`: room for (height + 1) * width + 1.  Sums are of whole numbers without sign, which wrap as numpy's do. */
static void box(int64_t *values, Py_ssize_t height, Py_ssize_t width, const int64_t *along, const int64_t *across,
                uint64_t *sums) {
    memset(sums, 0, (size_t)width * sizeof(*sums));
    for (Py_ssize_t i = 0; i < height * width; i++) sums[i + width] = sums[i] + (uint64_t)values[i];
    for (Py_ssize_t y = 0; y < height; y++) {
        Py_ssize_t reach = (Py_ssize_t)along[y];
        const uint64_t *after = sums + least(y + reach + 1, height) * width, *before = sums + most(y - reach, 0) * width;
        double inverse = 1.0 / (double)(2 * reach + 1);
        for (Py_ssize_t x = 0; x < width; x++)
            values[y * width + x] = quotient((int64_t)(after[x] - before[x]), 2 * reach + 1, inverse);
    }
    for (Py_ssize_t y = 0; y < height; y++, values += width) {
        Py_ssize_t reach = (Py_ssize_t)across[y];
        double inverse = 1.0 / (double)(2 * reach + 1);
        sums[0] = 0;
        for (Py_ssize_t x = 0; x < width; x++) sums[x + 1] = sums[x] + (uint64_t)values[x];
        for (Py_ssize_t x = 0; x < width; x++) {
            uint64_t sum = sums[least(x + reach + 1, width)] - sums[most(x - reach, 0)];
            values[x] = quotient((int64_t)sum, 2 * reach + 1, inverse);
        }
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

/* tent(values, along, across): int64 (height, width), changed in place; int64 (height,) twice */
static PyObject *tent(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer views[3];
    int taken = 0;
    if (!PyArg_ParseTuple(args, "OOO", objects, objects + 1, objects + 2)) return NULL;
    for (; taken < 3; taken++)
        if (array_of(objects[taken], views + taken, taken ? 1 : 2, 8, !taken) < 0) goto done;
    Py_ssize_t height = views[0].shape[0], width = views[0].shape[1];
    if (!reaches(views + 1, height) || !reaches(views + 2, height)) {
        PyErr_SetString(PyExc_ValueError, "a reach for each row is needed, 0 or more");
        goto done;
    }
    uint64_t *sums = malloc(((size_t)(height + 1) * (size_t)width + 2) * sizeof(*sums));
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

PyMethodDef shadows_methods[] = {{"tent", tent, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

/* What is seen of figures, counted; render/view.py, image/masks.py, geometry/occlusion.py and samples/count.py say what is right. */
#include "kernel.h"
#include <stdlib.h>

/* Counts bytes of at least 128, and those of them beside which the other row is not 0; `step`, of the first row, is 1 or -1,
   so that there are vectors for both. */
FOR_EACH_PROCESSOR
static void count_row(const uint8_t *own, int step, const uint8_t *shown, Py_ssize_t width, Py_ssize_t counts[2]) {
    int32_t inside = 0, seen = 0;
    if (step > 0)
        for (Py_ssize_t x = 0; x < width; x++) {
            int32_t is_own = own[x] >> 7;
            inside += is_own;
            seen += is_own & (shown[x] != 0);
        }
    else
        for (Py_ssize_t x = 0; x < width; x++) {
            int32_t is_own = own[-x] >> 7;
            inside += is_own;
            seen += is_own & (shown[x] != 0);
        }
    counts[0] = inside, counts[1] = seen;
}

/* view(whole, mask, low): uint8 and bool (rows, columns) of any strides -> (px where whole is at least 128, those of them in
   the mask, and both again of the rows from `low` on) */
static PyObject *view(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer whole, mask;
    Py_ssize_t low, counts[4] = {0, 0, 0, 0};
    if (!PyArg_ParseTuple(args, "OOn", objects, objects + 1, &low)) return NULL;
    if (strided_of(objects[0], &whole, 2, 1, 0) < 0) return NULL;
    if (strided_of(objects[1], &mask, 2, 1, 0) == 0) {
        if (whole.shape[0] != mask.shape[0] || whole.shape[1] != mask.shape[1]) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        } else {
            for (Py_ssize_t y = 0; y < whole.shape[0]; y++) {
                const uint8_t *own = (const uint8_t *)whole.buf + y * whole.strides[0];
                const uint8_t *shown = (const uint8_t *)mask.buf + y * mask.strides[0];
                Py_ssize_t row[2] = {0, 0}, step = whole.strides[1];
                if ((step == 1 || step == -1) && mask.strides[1] == 1 && whole.shape[1] <= INT32_MAX)
                    count_row(own, (int)step, shown, whole.shape[1], row);
                else
                    for (Py_ssize_t x = 0; x < whole.shape[1]; x++, own += step, shown += mask.strides[1]) {
                        int is_own = *own >= 128;
                        row[0] += is_own;
                        row[1] += is_own & (*shown != 0);
                    }
                counts[0] += row[0], counts[1] += row[1];
                if (y >= low) counts[2] += row[0], counts[3] += row[1];
            }
            found = Py_BuildValue("(nnnn)", counts[0], counts[1], counts[2], counts[3]);
        }
        PyBuffer_Release(&mask);
    }
    PyBuffer_Release(&whole);
    return found;
}

/* tight_box(mask): bool (rows, columns) of any strides -> (left, top, right, bottom, px that are true), right and bottom
   exclusive; all 0 where none is */
static PyObject *tight_box(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object;
    Py_buffer mask;
    if (!PyArg_ParseTuple(args, "O", &object) || strided_of(object, &mask, 2, 1, 0) < 0) return NULL;
    Py_ssize_t width = mask.shape[1], left = width, right = 0, top = 0, bottom = 0, count = 0, step = mask.strides[1];
    for (Py_ssize_t y = 0; y < mask.shape[0]; y++) {
        const uint8_t *row = (const uint8_t *)mask.buf + y * mask.strides[0];
        Py_ssize_t own = 0, x = 0, end = width;
        for (Py_ssize_t k = 0; k < width; k++) own += row[k * step] != 0;
        if (!own) continue;
        while (x < left && !row[x * step]) x++;
        while (end > right && !row[(end - 1) * step]) end--;
        if (!count) top = y;
        left = x, right = end, bottom = y + 1;
        count += own;
    }
    PyBuffer_Release(&mask);
    if (!count) left = 0;
    return Py_BuildValue("(nnnnn)", left, top, right, bottom, count);
}

/* Marks what is greater than a limit and no floor, and returns how many. */
FOR_EACH_PROCESSOR
static Py_ssize_t mark(const float *values, const uint8_t *floor, Py_ssize_t width, float limit, uint8_t *out) {
    int32_t count = 0;
    for (Py_ssize_t x = 0; x < width; x++) {
        out[x] = (values[x] > limit) & (floor[x] == 0);
        count += out[x];
    }
    return count;
}

/* nearer(nearness, floor, limit, out): float32, bool and bool, (rows, columns), whose rows lie side by side but for the
   rest of a larger array's -> how many px of `out` are true: what is greater than the limit and no floor */
static PyObject *nearer(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer views[3];
    double limit;
    int taken = 0;
    if (!PyArg_ParseTuple(args, "OOdO", objects, objects + 1, &limit, objects + 2)) return NULL;
    for (; taken < 3; taken++)
        if (strided_of(objects[taken], views + taken, 2, taken ? 1 : 4, taken == 2) < 0) goto done;
    Py_buffer *values = views, *floor = views + 1, *out = views + 2;
    Py_ssize_t height = values->shape[0], width = values->shape[1], count = 0;
    if (floor->shape[0] != height || floor->shape[1] != width || out->shape[0] != height || out->shape[1] != width ||
        values->strides[1] != 4 || floor->strides[1] != 1 || out->strides[1] != 1 || width > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        goto done;
    }
    for (Py_ssize_t y = 0; y < height; y++)
        count += mark((const float *)((const char *)values->buf + y * values->strides[0]),
                      (const uint8_t *)floor->buf + y * floor->strides[0], width, (float)limit,
                      (uint8_t *)out->buf + y * out->strides[0]);
    found = PyLong_FromSsize_t(count);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

static int ascend(const Py_buffer *edges, Py_ssize_t size) {
    const int64_t *all = edges->buf;
    if (edges->shape[0] < 1 || all[0] < 0 || all[edges->shape[0] - 1] > size) return 0;
    for (Py_ssize_t k = 1; k < edges->shape[0]; k++)
        if (all[k] < all[k - 1]) return 0;
    return 1;
}

/* Counts the true px of a row, each in its column. */
FOR_EACH_PROCESSOR
static void add_row(const uint8_t *row, Py_ssize_t step, int64_t width, uint32_t *tall) {
    if (step == 1)
        for (int64_t x = 0; x < width; x++) tall[x] += row[x] != 0;
    else
        for (int64_t x = 0; x < width; x++) tall[x] += row[x * step] != 0;
}

/* heat(mask, down, across, out): bool (height, width) of any strides; int64 (rows + 1,) and (columns + 1,), where cells begin
   and the last one ends; int64 (rows, columns) of any strides, whose cells take the px that are true */
static PyObject *heat(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[4], *found = NULL;
    Py_buffer views[4];
    int taken = 0;
    uint32_t *tall = NULL; /* the px of a row of cells, by column */
    if (!PyArg_ParseTuple(args, "OOOO", objects, objects + 1, objects + 2, objects + 3)) return NULL;
    for (; taken < 4; taken++) {
        int plane = taken == 0 || taken == 3;
        if ((plane ? strided_of(objects[taken], views + taken, 2, taken ? 8 : 1, taken == 3)
                   : array_of(objects[taken], views + taken, 1, 8, 0)) < 0)
            goto done;
    }
    Py_buffer *mask = views, *down = views + 1, *across = views + 2, *out = views + 3;
    if (!ascend(down, mask->shape[0]) || !ascend(across, mask->shape[1]) || out->shape[0] != down->shape[0] - 1 ||
        out->shape[1] != across->shape[0] - 1) {
        PyErr_SetString(PyExc_ValueError, "cells that do not fit");
        goto done;
    }
    const int64_t *rows = down->buf, *columns = across->buf;
    int64_t first = columns[0], beyond = columns[out->shape[1]];
    if (!(tall = malloc((size_t)(beyond - first + 1) * sizeof(*tall)))) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < out->shape[0]; i++) {
        memset(tall, 0, (size_t)(beyond - first) * sizeof(*tall));
        for (int64_t y = rows[i]; y < rows[i + 1]; y++)
            add_row((const uint8_t *)mask->buf + y * mask->strides[0] + first * mask->strides[1], mask->strides[1],
                    beyond - first, tall);
        for (Py_ssize_t j = 0; j < out->shape[1]; j++) {
            int64_t count = 0;
            for (int64_t x = columns[j]; x < columns[j + 1]; x++) count += tall[x - first];
            memcpy((char *)out->buf + i * out->strides[0] + j * out->strides[1], &count, sizeof(count));
        }
    }
    Py_INCREF(found = Py_None);
done:
    free(tall);
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

PyMethodDef seen_methods[] = {
    {"view", view, METH_VARARGS, NULL},
    {"tight_box", tight_box, METH_VARARGS, NULL},
    {"nearer", nearer, METH_VARARGS, NULL},
    {"heat", heat, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

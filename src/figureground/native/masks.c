/* Connected pieces of masks, and sums over windows; image/masks.py and image/filters.py say what is right. */
#include "kernel.h"
#include <stdlib.h>

typedef struct {
    int32_t row, start, end, name; /* name: of itself or of an earlier run of its piece */
} Run;

typedef struct {
    Run *runs;
    Py_ssize_t count, room;
} Runs;

/* Returns the first place from x on where the row is true, or false; the width where it is nowhere. */
static Py_ssize_t next(const uint8_t *row, Py_ssize_t x, Py_ssize_t width, int value) {
    if (!value) {
        const uint8_t *found = x < width ? memchr(row + x, 0, (size_t)(width - x)) : NULL;
        return found ? found - row : width;
    }
    for (uint64_t eight; x + 8 <= width; x += 8) {
        memcpy(&eight, row + x, 8);
        if (eight) break;
    }
    while (x < width && !row[x]) x++;
    return x;
}

static int32_t name_of(Run *runs, int32_t run) {
    while (runs[run].name != run) run = runs[run].name = runs[runs[run].name].name;
    return run;
}

/* Finds the runs of a value and joins those that touch, also at corners; 0, or -1 without memory. */
static int join(Runs *found, const uint8_t *values, Py_ssize_t height, Py_ssize_t width, int value) {
    Py_ssize_t above = 0, above_end = 0; /* the runs of the row above */
    found->count = 0;
    for (Py_ssize_t y = 0; y < height; y++) {
        const uint8_t *row = values + y * width;
        Py_ssize_t begin = found->count;
        for (Py_ssize_t x = next(row, 0, width, value); x < width;) {
            if (found->count == found->room) {
                Py_ssize_t room = found->room ? 2 * found->room : 512;
                Run *larger = realloc(found->runs, (size_t)room * sizeof(*larger));
                if (!larger) return -1;
                found->runs = larger, found->room = room;
            }
            int32_t own = (int32_t)found->count++;
            Run *run = found->runs + own;
            Py_ssize_t end = next(row, x, width, !value);
            *run = (Run){(int32_t)y, (int32_t)x, (int32_t)end, own};
            while (above < above_end && found->runs[above].end < x) above++;
            for (Py_ssize_t k = above; k < above_end && found->runs[k].start <= end; k++) {
                int32_t one = name_of(found->runs, (int32_t)k), other = name_of(found->runs, own);
                if (one < other) found->runs[other].name = one;
                else found->runs[one].name = other;
            }
            x = next(row, end, width, value);
        }
        above = begin, above_end = found->count;
    }
    for (Py_ssize_t k = 0; k < found->count; k++) /* names are never later runs, and earlier ones are settled */
        found->runs[k].name = found->runs[found->runs[k].name].name;
    return 0;
}

static int mask_of(PyObject *object, Py_buffer *view, int writable) {
    if (array_of(object, view, 2, 1, writable) < 0) return -1;
    if (view->len > INT32_MAX - 1 || view->shape[0] > INT32_MAX - 1 || view->shape[1] > INT32_MAX - 1) {
        PyErr_SetString(PyExc_ValueError, "a mask of more than two thousand million pixels");
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

/* Returns areas as bytes, int64 each, that of label 0 first, and writes labels, all 0 before. */
static PyObject *labelled(Runs *found, Py_ssize_t width, Py_ssize_t size, int32_t *labels) {
    int32_t *numbers = malloc(((size_t)found->count + 1) * sizeof(*numbers));
    int64_t *areas = calloc((size_t)found->count + 1, sizeof(*areas));
    PyObject *bytes = NULL;
    int32_t last = 0;
    if (numbers && areas) {
        areas[0] = size;
        for (Py_ssize_t k = 0; k < found->count; k++) {
            Run run = found->runs[k];
            numbers[k] = run.name == k ? ++last : numbers[run.name];
            areas[numbers[k]] += run.end - run.start;
            areas[0] -= run.end - run.start;
            for (int32_t x = run.start; x < run.end; x++) labels[run.row * width + x] = numbers[k];
        }
        bytes = PyBytes_FromStringAndSize((const char *)areas, ((Py_ssize_t)last + 1) * 8);
    } else {
        PyErr_NoMemory();
    }
    free(numbers);
    free(areas);
    return bytes;
}

/* pieces(mask, labels): uint8 (height, width), int32 of its shape, all 0 -> areas */
static PyObject *pieces(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *out, *found = NULL;
    Py_buffer mask, labels;
    Runs runs = {NULL, 0, 0};
    if (!PyArg_ParseTuple(args, "OO", &object, &out) || mask_of(object, &mask, 0) < 0) return NULL;
    if (array_of(out, &labels, 2, 4, 1) == 0) {
        if (labels.shape[0] != mask.shape[0] || labels.shape[1] != mask.shape[1])
            PyErr_SetString(PyExc_ValueError, "labels of another shape than the mask");
        else if (join(&runs, mask.buf, mask.shape[0], mask.shape[1], 1) < 0)
            PyErr_NoMemory();
        else
            found = labelled(&runs, mask.shape[1], mask.len, labels.buf);
        PyBuffer_Release(&labels);
    }
    free(runs.runs);
    PyBuffer_Release(&mask);
    return found;
}

/* Turns over the pieces of a value that have fewer than `least` px; 0, or -1 without memory. */
static int turn_crumbs(Runs *runs, uint8_t *values, Py_ssize_t height, Py_ssize_t width, int value, double least) {
    if (join(runs, values, height, width, value) < 0) return -1;
    int64_t *areas = calloc((size_t)runs->count + 1, sizeof(*areas));
    if (!areas) return -1;
    for (Py_ssize_t k = 0; k < runs->count; k++) areas[runs->runs[k].name] += runs->runs[k].end - runs->runs[k].start;
    for (Py_ssize_t k = 0; k < runs->count; k++) {
        Run run = runs->runs[k];
        if ((double)areas[run.name] < least)
            memset(values + run.row * width + run.start, !value, (size_t)(run.end - run.start));
    }
    free(areas);
    return 0;
}

/* without_crumbs(mask, least): changes the mask, uint8 (height, width), in place */
static PyObject *without_crumbs(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object;
    Py_buffer mask;
    double least;
    Runs runs = {NULL, 0, 0};
    if (!PyArg_ParseTuple(args, "Od", &object, &least) || mask_of(object, &mask, 1) < 0) return NULL;
    int failed = turn_crumbs(&runs, mask.buf, mask.shape[0], mask.shape[1], 1, least) < 0 ||
                 turn_crumbs(&runs, mask.buf, mask.shape[0], mask.shape[1], 0, least) < 0;
    free(runs.runs);
    PyBuffer_Release(&mask);
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static Py_ssize_t within(Py_ssize_t place, Py_ssize_t size) { return place < 0 ? 0 : place < size ? place : size - 1; }

/* `tall`: the sums of columns, with `radius` more on either side. */
void sum_windows(const uint8_t *mask, Py_ssize_t height, Py_ssize_t width, int radius, uint8_t *tall, uint8_t *out) {
    uint8_t *middle = tall + radius;
    for (int k = -radius - 1; k < radius; k++) {
        const uint8_t *row = mask + within(k, height) * width;
        for (Py_ssize_t x = 0; x < width; x++) middle[x] = (uint8_t)(middle[x] + row[x]);
    }
    for (Py_ssize_t y = 0; y < height; y++, out += width) {
        const uint8_t *added = mask + within(y + radius, height) * width;
        const uint8_t *taken = mask + within(y - radius - 1, height) * width;
        for (Py_ssize_t x = 0; x < width; x++) middle[x] = (uint8_t)(middle[x] + added[x] - taken[x]);
        memset(tall, middle[0], (size_t)radius);
        memset(middle + width, middle[width - 1], (size_t)radius);
        memcpy(out, tall, (size_t)width);
        for (int k = 1; k <= 2 * radius; k++)
            for (Py_ssize_t x = 0; x < width; x++) out[x] = (uint8_t)(out[x] + tall[x + k]);
    }
}

/* window_sums(mask, radius, out): uint8 (height, width), 1..7, uint8 of its shape */
static PyObject *window_sums(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *target, *found = NULL;
    Py_buffer mask, out;
    int radius;
    if (!PyArg_ParseTuple(args, "OiO", &object, &radius, &target) || mask_of(object, &mask, 0) < 0) return NULL;
    if (array_of(target, &out, 2, 1, 1) == 0) {
        Py_ssize_t width = mask.shape[1];
        uint8_t *tall = NULL;
        if (radius < 1 || radius > 7 || !mask.len || out.shape[0] != mask.shape[0] || out.shape[1] != width) {
            PyErr_SetString(PyExc_ValueError, "a window or a shape that does not fit");
        } else if ((tall = calloc((size_t)(width + 2 * radius), 1)) == NULL) {
            PyErr_NoMemory();
        } else {
            sum_windows(mask.buf, mask.shape[0], width, radius, tall, out.buf);
            free(tall);
            Py_INCREF(found = Py_None);
        }
        PyBuffer_Release(&out);
    }
    PyBuffer_Release(&mask);
    return found;
}

PyMethodDef masks_methods[] = {
    {"pieces", pieces, METH_VARARGS, NULL},
    {"without_crumbs", without_crumbs, METH_VARARGS, NULL},
    {"window_sums", window_sums, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

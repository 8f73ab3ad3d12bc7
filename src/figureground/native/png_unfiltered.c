/* The filters of a grey PNG of 16 bits undone; Pillow says what is right. */
#include "kernel.h"
#include <stdlib.h>

/* What Paeth's filter takes for a byte with these to its left, above it, and above that to the left. */
static inline int likely(int left, int above, int corner) {
    int to_left = abs(above - corner), to_above = abs(left - corner), to_corner = abs(left + above - 2 * corner);
    int near = to_above <= to_corner ? above : corner;
    return to_left <= to_above && to_left <= to_corner ? left : near;
}

/* Undoes the filter of one line of `count` pixels, the high byte of each first.
   `above`: the line over it, zeros over the first. */
static inline int undo(int filter, const uint8_t *line, const uint8_t *above, Py_ssize_t count, uint8_t *out) {
    int high = 0, low = 0;
    int corner_high = 0, corner_low = 0;
    for (Py_ssize_t x = 0; x < count; x++, line += 2, above += 2, out += 2) {
        int up_high = above[0], up_low = above[1], more_high = 0, more_low = 0;
        switch (filter) {
        case 1: more_high = high, more_low = low; break;
        case 2: more_high = up_high, more_low = up_low; break;
        case 3: more_high = (high + up_high) / 2, more_low = (low + up_low) / 2; break;
        case 4: more_high = likely(high, up_high, corner_high), more_low = likely(low, up_low, corner_low); break;
        }
        out[0] = (uint8_t)(high = (line[0] + more_high) & 255);
        out[1] = (uint8_t)(low = (line[1] + more_low) & 255);
        corner_high = up_high, corner_low = up_low;
    }
    return 1;
}

/* The same, 0 for a filter that there is not; each is known to the compiler, which then chooses nothing for each pixel. */
static int undone(const uint8_t *line, const uint8_t *above, Py_ssize_t count, uint8_t *out) {
    switch (line[0]) {
    case 0: return undo(0, line + 1, above, count, out);
    case 1: return undo(1, line + 1, above, count, out);
    case 2: return undo(2, line + 1, above, count, out);
    case 3: return undo(3, line + 1, above, count, out);
    case 4: return undo(4, line + 1, above, count, out);
    }
    return 0;
}

/* png_unfiltered(lines, values): uint8 (rows, 1 + 2 * columns), each line behind its filter -> uint16 (rows, columns);
   whether all filters are some that there are */
static PyObject *png_unfiltered(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer lines, values;
    if (!PyArg_ParseTuple(args, "OO", objects, objects + 1) || array_of(objects[0], &lines, 2, 1, 0) < 0) return NULL;
    if (array_of(objects[1], &values, 2, 2, 1) == 0) {
        Py_ssize_t rows = values.shape[0], columns = values.shape[1];
        uint8_t *first = calloc((size_t)columns + 1, 2);
        if (lines.shape[0] != rows || lines.shape[1] != 1 + 2 * columns) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        } else if (!first) {
            PyErr_NoMemory();
        } else {
            const uint8_t *line = lines.buf, *above = first;
            uint8_t *out = values.buf;
            int known = 1;
            for (Py_ssize_t y = 0; y < rows && known; y++, line += 1 + 2 * columns, above = out, out += 2 * columns)
                known = undone(line, above, columns, out);
            uint16_t *value = values.buf;
            const uint8_t *both = values.buf;
            for (Py_ssize_t i = 0; known && i < rows * columns; i++)
                value[i] = (uint16_t)(both[2 * i] << 8 | both[2 * i + 1]);
            found = PyBool_FromLong(known);
        }
        free(first);
        PyBuffer_Release(&values);
    }
    PyBuffer_Release(&lines);
    return found;
}

PyMethodDef png_unfiltered_methods[] = {
    {"png_unfiltered", png_unfiltered, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

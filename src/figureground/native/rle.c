/* COCO's run-length code of a mask; image/rle.py says what is right. */
#include "kernel.h"
#include <stdlib.h>

/* Writes one number in 5-bit pieces, lowest first; the sixth bit says "more".  At most 13 characters. */
static char *put(char *out, int64_t number) {
    for (;;) {
        int piece = (int)(number & 31);
        number >>= 5; /* arithmetic on every compiler that Python knows */
        int more = (piece & 16) ? number != -1 : number != 0;
        *out++ = (char)(48 + piece + 32 * more);
        if (!more) return out;
    }
}

typedef struct {
    char *text, *end;
    int64_t before[3]; /* the last runs, the newest first */
    Py_ssize_t count;
} Runs;

static void add(Runs *runs, int64_t run) {
    runs->end = put(runs->end, runs->count > 2 ? run - runs->before[1] : run);
    runs->before[2] = runs->before[1], runs->before[1] = runs->before[0], runs->before[0] = run;
    runs->count++;
}

/* Appends to bounds[k] the rows where column x + k of the mask changes, 0 before its first; eight columns at a time,
   as most rows of most eight columns are like those above them. */
static void bounds_of(const uint8_t *values, Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t x, int32_t *bounds,
                      Py_ssize_t *counts) {
    Py_ssize_t many = columns - x < 8 ? columns - x : 8;
    uint64_t last = 0;
    memset(counts, 0, 8 * sizeof(*counts));
    for (Py_ssize_t y = 0; y < rows; y++) {
        uint64_t here = 0;
        memcpy(&here, values + y * columns + x, (size_t)many);
        if (here == last) continue;
        const uint8_t *now = (const uint8_t *)&here, *before = (const uint8_t *)&last;
        for (Py_ssize_t k = 0; k < many; k++)
            if (!now[k] != !before[k]) bounds[k * (rows + 1) + counts[k]++] = (int32_t)y;
        last = here;
    }
    for (Py_ssize_t k = 0; k < many; k++)
        if (counts[k] % 2) bounds[k * (rows + 1) + counts[k]++] = (int32_t)rows;
}

typedef struct {
    Py_ssize_t rows, columns, height, width, top, left;
} Place;

/* Returns the end of the text, or NULL without memory; *text is to be freed. */
static char *written(const uint8_t *values, Place at, char **text) {
    size_t room = 4096, need = (size_t)(at.rows + 3) * 13 * 8;
    int32_t *bounds = malloc((size_t)(at.rows + 1) * 8 * sizeof(*bounds));
    Runs runs = {*text = malloc(room + need), NULL, {0, 0, 0}, 0};
    Py_ssize_t counts[8];
    int64_t from = 0, joint = -1; /* joint: the bound that is held back, for it may be none */
    runs.end = runs.text = *text;
    if (!bounds || !*text) goto fail;
    for (Py_ssize_t x = 0; x < at.columns; x++) {
        if (x % 8 == 0) {
            bounds_of(values, at.rows, at.columns, x, bounds, counts);
            size_t used = (size_t)(runs.end - *text);
            if (used > room) {
                char *larger = realloc(*text, (room = 2 * used) + need);
                if (!larger) goto fail;
                *text = larger, runs.end = larger + used;
            }
        }
        int64_t start = (int64_t)(at.left + x) * at.height + at.top;
        for (Py_ssize_t k = 0; k < counts[x % 8]; k++) {
            int64_t bound = start + bounds[(x % 8) * (at.rows + 1) + k];
            if (joint == bound) { /* one column ends with 1 where the next begins with it */
                joint = -1;
                continue;
            }
            if (joint >= 0) add(&runs, joint - from), from = joint;
            joint = bound;
        }
    }
    int64_t whole = (int64_t)at.height * at.width;
    if (joint >= 0) add(&runs, joint - from), from = joint;
    if (whole > from || !runs.count) add(&runs, whole - from);
    free(bounds);
    return runs.end;
fail:
    free(bounds);
    free(*text);
    return NULL;
}

/* rle(mask, height, width, top, left): mask uint8 (rows, columns) of 0 and 1 within a frame of 0 */
static PyObject *rle(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *found = NULL;
    Place at;
    Py_buffer mask;
    char *text, *end;
    if (!PyArg_ParseTuple(args, "Onnnn", &object, &at.height, &at.width, &at.top, &at.left)) return NULL;
    if (array_of(object, &mask, 2, 1, 0) < 0) return NULL;
    at.rows = mask.shape[0], at.columns = mask.shape[1];
    if (at.top < 0 || at.left < 0 || at.height < 0 || at.width < 0 || at.height - at.rows < at.top ||
        at.width - at.columns < at.left || at.height > INT32_MAX || at.width > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "the mask does not lie in its frame");
    } else if ((end = written(mask.buf, at, &text)) == NULL) {
        PyErr_NoMemory();
    } else {
        found = PyUnicode_DecodeASCII(text, end - text, NULL);
        free(text);
    }
    PyBuffer_Release(&mask);
    return found;
}

PyMethodDef rle_methods[] = {{"rle", rle, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

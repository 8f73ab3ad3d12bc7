/* Colours of figures: a colour table looked up, and grain; render/composite.py and render/harmonise.py say what is right. */
#include "kernel.h"
#include <stdlib.h>

enum {
    NODES = 9,                     /* a side of the table */
    FRACTION = 18, STEP = 8224,    /* a value's place among the nodes, in 1 / 2^18: 8 / 255 of them a value, rounded down */
    WHOLE = 255 << 6, SPARE = 6,   /* values of the table are whole numbers of so many bits more than the result has */
    LANES = 4,                     /* numbers a node, and bytes a pixel */
    MOST_GRAIN = 65536
};

/* Four numbers, worked on at once where the compiler knows such types. */
#ifdef __GNUC__
typedef int32_t Four __attribute__((vector_size(16)));
#define MIXED(from, to, share) ((from) + ((((to) - (from)) * (share)) >> 15))
#else
typedef struct {
    int32_t at[LANES];
} Four;
static inline Four MIXED(Four from, Four to, int32_t share) {
    for (int k = 0; k < LANES; k++) from.at[k] += ((to.at[k] - from.at[k]) * share) >> 15;
    return from;
}
#endif

typedef union {
    Four all;
    int32_t each[LANES];
} Node;

typedef struct {
    Node nodes[NODES * NODES * NODES];
    int32_t first[256], share[256]; /* of each value: the node before it, and how far beyond that, of 2^15 */
} Table;

/* Fills the table from values 0..1, three a node; 0 where one lies outside. */
static int filled(Table *table, const float *values) {
    for (size_t i = 0; i < sizeof(table->nodes) / sizeof(*table->nodes); i++, values += 3) {
        for (int k = 0; k < 3; k++) {
            if (!(values[k] >= 0 && values[k] <= 1)) return 0;
            table->nodes[i].each[k] = (int32_t)((double)values[k] * WHOLE + 0.5);
        }
        table->nodes[i].each[3] = 0;
    }
    for (uint32_t value = 0; value < 256; value++) {
        table->first[value] = (int32_t)(value * STEP >> FRACTION);
        table->share[value] = (int32_t)((value * STEP & ((1u << FRACTION) - 1)) >> (FRACTION - 15));
    }
    return 1;
}

/* Between the eight nodes around a colour, each time a share of the way, rounded down. */
FOR_EACH_PROCESSOR
static void looked_up(const Table *table, uint8_t *pixel, Py_ssize_t pixels) {
    for (; pixels > 0; pixels--, pixel += LANES) {
        if (!pixel[3]) continue;
        int32_t red = table->share[pixel[0]], green = table->share[pixel[1]], blue = table->share[pixel[2]];
        const Node *near = table->nodes + (table->first[pixel[2]] * NODES + table->first[pixel[1]]) * NODES +
                           table->first[pixel[0]];
        const Node *far = near + NODES * NODES;
        Four a = MIXED(near[0].all, near[1].all, red), b = MIXED(near[NODES].all, near[NODES + 1].all, red);
        Four c = MIXED(far[0].all, far[1].all, red), d = MIXED(far[NODES].all, far[NODES + 1].all, red);
        a = MIXED(a, b, green), c = MIXED(c, d, green);
        Node found = {MIXED(a, c, blue)};
        for (int k = 0; k < 3; k++) pixel[k] = (uint8_t)((found.each[k] + (1 << (SPARE - 1))) >> SPARE);
    }
}

/* coloured(cutout, table): uint8 (height, width, 4), changed in place where it is not wholly clear; float32 (9, 9, 9, 3)
   as one row, 0..1, red the last index */
static PyObject *coloured(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer cutout, values;
    if (!PyArg_ParseTuple(args, "OO", objects, objects + 1) || array_of(objects[0], &cutout, 3, 1, 1) < 0) return NULL;
    if (array_of(objects[1], &values, 1, 4, 0) == 0) {
        Table table;
        if (cutout.shape[2] != LANES || values.shape[0] != 3 * NODES * NODES * NODES || !filled(&table, values.buf)) {
            PyErr_SetString(PyExc_ValueError, "a table that does not fit");
        } else {
            looked_up(&table, cutout.buf, cutout.len / LANES);
            Py_INCREF(found = Py_None);
        }
        PyBuffer_Release(&values);
    }
    PyBuffer_Release(&cutout);
    return found;
}

/* Writes the grain of a row, (width, 4) with none for alpha; halves are rounded to even. */
static void grain_of(const float *tile, Py_ssize_t side, Py_ssize_t left, Py_ssize_t width, float strength, int16_t *grain) {
    const float far = 12582912.0f;
    for (Py_ssize_t x = 0; x < width; x++, grain += LANES) {
        float value = tile[left] * strength;
        left = left + 1 < side ? left + 1 : 0;
        value = value < 255 ? value : 255; /* and so beyond what any pixel can take */
        value = value > -255 ? value : -255;
        grain[0] = grain[1] = grain[2] = (int16_t)(int32_t)(value + far - far);
        grain[3] = 0;
    }
}

/* grained(cutout, tile, strength, top, left, out): uint8 (height, width, 4) of any strides; float32 (side, side), laid out
   again and again, and where on it the cut-out begins; uint8 (height, width, 4) */
static PyObject *grained(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer cutout, tile, out;
    Py_ssize_t top, left;
    float strength;
    if (!PyArg_ParseTuple(args, "OOfnnO", objects, objects + 1, &strength, &top, &left, objects + 2)) return NULL;
    if (strided_of(objects[0], &cutout, 3, 1, 0) < 0) return NULL;
    if (array_of(objects[1], &tile, 2, 4, 0) < 0) goto release_cutout;
    if (array_of(objects[2], &out, 3, 1, 1) < 0) goto release_tile;
    Py_ssize_t height = out.shape[0], width = out.shape[1], side = tile.shape[0];
    if (cutout.shape[0] != height || cutout.shape[1] != width || cutout.shape[2] != LANES || out.shape[2] != LANES ||
        side < 1 || tile.shape[1] != side || width > INT32_MAX / 8 || top < 0 || left < 0 || top >= side ||
        left >= side || !(strength >= 0 && strength <= MOST_GRAIN)) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        goto release_out;
    }
    int16_t *grain = malloc(((size_t)width + 1) * LANES * sizeof(*grain));
    uint8_t *row = malloc(((size_t)width + 1) * LANES), *to = out.buf;
    for (Py_ssize_t y = 0; grain && row && y < height; y++, to += width * LANES) {
        const uint8_t *from = (const uint8_t *)cutout.buf + y * cutout.strides[0];
        grain_of((const float *)tile.buf + (top + y) % side * side, side, left, width, strength, grain);
        for (Py_ssize_t x = 0; x < width; x++, from += cutout.strides[1])
            for (int k = 0; k < LANES; k++) row[x * LANES + k] = from[k * cutout.strides[2]];
        for (Py_ssize_t i = 0; i < width * LANES; i++) {
            int16_t value = (int16_t)(row[i] + grain[i]);
            to[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
    if (grain && row) Py_INCREF(found = Py_None);
    else PyErr_NoMemory();
    free(row);
    free(grain);
release_out:
    PyBuffer_Release(&out);
release_tile:
    PyBuffer_Release(&tile);
release_cutout:
    PyBuffer_Release(&cutout);
    return found;
}

PyMethodDef colour_methods[] = {
    {"coloured", coloured, METH_VARARGS, NULL},
    {"grained", grained, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* Layered depth, and what it changes of sums; geometry/layering.py and samples/sums.py say what is right. */
#include "kernel.h"
#include <stdlib.h>

/* Where a figure is seen, and the codes of its surface. */
typedef struct {
    Py_ssize_t top, bottom, left, right; /* the part of the canvas that holds it */
    const Py_buffer *seen, *relief;      /* of the canvas; of that part, or NULL */
    const uint16_t *surface;             /* 256 codes by relief; NULL for a card */
    int farther, edge;
} Stander;

static inline int is_seen(const Stander *one, Py_ssize_t y, Py_ssize_t x) {
    return ((const uint8_t *)one->seen->buf)[y * one->seen->strides[0] + x * one->seen->strides[1]];
}

/* The code of the nearest thing that a card covers; 0 where none is known. */
static uint16_t covered(const Stander *one, const uint16_t *codes, Py_ssize_t width) {
    uint16_t nearest = 0;
    for (Py_ssize_t y = one->top; y < one->bottom; y++)
        for (Py_ssize_t x = one->left; x < one->right; x++) {
            uint16_t code = codes[y * width + x];
            if (code && is_seen(one, y, x) && (!nearest || (one->farther ? code < nearest : code > nearest)))
                nearest = code;
        }
    return nearest;
}

/* Rounds 0..65535 to whole numbers, halves to even. */
static inline uint16_t rounded(float value) {
    const float far = 12582912.0f;
    return (uint16_t)(int32_t)(value + far - far);
}

/* `counts`: how many px around each of the part are the figure's, NULL for a sharp edge. */
static void stand(const Stander *one, const uint8_t *counts, Py_ssize_t line, uint16_t *codes, Py_ssize_t width) {
    uint16_t card = one->surface ? one->surface[0] : covered(one, codes, width);
    int whole = (2 * one->edge + 1) * (2 * one->edge + 1);
    for (Py_ssize_t y = one->top; y < one->bottom; y++) {
        const uint8_t *out = NULL;
        if (one->relief) out = (const uint8_t *)one->relief->buf + (y - one->top) * one->relief->strides[0];
        for (Py_ssize_t x = one->left; x < one->right; x++) {
            if (!is_seen(one, y, x)) continue;
            uint16_t *code = codes + y * width + x, behind = *code;
            *code = out && one->surface ? one->surface[out[(x - one->left) * one->relief->strides[1]]] : card;
            if (!counts || !behind || !*code) continue;
            int count = counts[(y - one->top) * line + x - one->left];
            if (count >= whole) continue;
            float share = (float)count / (float)whole;
            *code = rounded((float)behind + share * ((float)*code - (float)behind));
        }
    }
}

/* Counts the figure's px around each of its part, framed by `edge` px where the canvas goes on; 0, or -1 without memory. */
static int stand_softly(const Stander *one, uint16_t *codes, const Py_ssize_t *shape) {
    Py_ssize_t edge = one->edge, top = one->top > edge ? one->top - edge : 0;
    Py_ssize_t left = one->left > edge ? one->left - edge : 0;
    Py_ssize_t bottom = shape[0] - one->bottom > edge ? one->bottom + edge : shape[0];
    Py_ssize_t right = shape[1] - one->right > edge ? one->right + edge : shape[1];
    Py_ssize_t height = bottom - top, width = right - left;
    uint8_t *mask = malloc((size_t)(height * width)), *counts = malloc((size_t)(height * width));
    uint8_t *tall = calloc((size_t)(width + 2 * edge), 1);
    int failed = !mask || !counts || !tall;
    if (!failed) {
        for (Py_ssize_t y = 0; y < height; y++)
            for (Py_ssize_t x = 0; x < width; x++) mask[y * width + x] = is_seen(one, top + y, left + x) != 0;
        sum_windows(mask, height, width, one->edge, tall, counts);
        stand(one, counts + (one->top - top) * width + one->left - left, width, codes, shape[1]);
    }
    free(mask);
    free(counts);
    free(tall);
    return failed ? -1 : 0;
}

/* layer(codes, seen, (top, bottom, left, right), surface, relief, farther, edge): uint16 (height, width), changed in place;
   bool of its shape, of any strides; uint16 (256,), or None for a card; uint8 (bottom - top, right - left), or None for
   surface[0] throughout */
static PyObject *layer(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[4], *found = NULL;
    Py_buffer codes, seen, surface, relief;
    Stander one = {.seen = &seen};
    if (!PyArg_ParseTuple(args, "OO(nnnn)OOpi", objects, objects + 1, &one.top, &one.bottom, &one.left, &one.right,
                          objects + 2, objects + 3, &one.farther, &one.edge))
        return NULL;
    int has_surface = objects[2] != Py_None, has_relief = objects[3] != Py_None;
    if (array_of(objects[0], &codes, 2, 2, 1) < 0) return NULL;
    if (strided_of(objects[1], &seen, 2, 1, 0) < 0) goto release_codes;
    if (has_surface && array_of(objects[2], &surface, 1, 2, 0) < 0) goto release_seen;
    if (has_relief && strided_of(objects[3], &relief, 2, 1, 0) < 0) goto release_surface;
    const Py_ssize_t *shape = codes.shape;
    if (shape[0] != seen.shape[0] || shape[1] != seen.shape[1] || one.top < 0 || one.bottom > shape[0] || one.left < 0 ||
        one.right > shape[1] || one.top > one.bottom || one.left > one.right || one.edge < 0 || one.edge > 7 ||
        (has_surface && surface.shape[0] != 256) ||
        (has_relief && (relief.shape[0] != one.bottom - one.top || relief.shape[1] != one.right - one.left))) {
        PyErr_SetString(PyExc_ValueError, "shapes or an edge that do not fit");
    } else {
        if (has_surface) one.surface = surface.buf;
        if (has_relief) one.relief = &relief;
        if (!one.edge) stand(&one, NULL, 0, codes.buf, shape[1]);
        else if (one.top < one.bottom && one.left < one.right && stand_softly(&one, codes.buf, shape) < 0)
            PyErr_NoMemory();
        if (!PyErr_Occurred()) Py_INCREF(found = Py_None);
    }
    if (has_relief) PyBuffer_Release(&relief);
release_surface:
    if (has_surface) PyBuffer_Release(&surface);
release_seen:
    PyBuffer_Release(&seen);
release_codes:
    PyBuffer_Release(&codes);
    return found;
}

/* changed_codes(old, new, histogram): uint16 (rows, columns) of any strides; int64 (1024,), changed in place -> how much
   larger their count, sum and sum of squares are; 0 does not count */
static PyObject *changed_codes(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer old, new, histogram;
    if (!PyArg_ParseTuple(args, "OOO", objects, objects + 1, objects + 2)) return NULL;
    if (strided_of(objects[0], &old, 2, 2, 0) < 0) return NULL;
    if (strided_of(objects[1], &new, 2, 2, 0) < 0) goto release_old;
    if (array_of(objects[2], &histogram, 1, 8, 1) < 0) goto release_new;
    if (old.shape[0] != new.shape[0] || old.shape[1] != new.shape[1] || histogram.shape[0] != 1024) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
    } else {
        uint64_t count = 0, total = 0, square = 0; /* which wrap where a hostile histogram or picture is that large */
        uint64_t *bins = histogram.buf;
        for (Py_ssize_t y = 0; y < old.shape[0]; y++) {
            const char *a = (const char *)old.buf + y * old.strides[0], *b = (const char *)new.buf + y * new.strides[0];
            for (Py_ssize_t x = 0; x < old.shape[1]; x++, a += old.strides[1], b += new.strides[1]) {
                uint16_t before, after;
                memcpy(&before, a, 2), memcpy(&after, b, 2);
                if (before == after) continue;
                bins[before >> 6] -= before != 0;
                bins[after >> 6] += after != 0;
                count += (uint64_t)(after != 0) - (before != 0);
                total += (uint64_t)after - before;
                square += (uint64_t)after * after - (uint64_t)before * before;
            }
        }
        found = Py_BuildValue("(LLL)", (long long)count, (long long)total, (long long)square);
    }
    PyBuffer_Release(&histogram);
release_new:
    PyBuffer_Release(&new);
release_old:
    PyBuffer_Release(&old);
    return found;
}

PyMethodDef depth_methods[] = {
    {"layer", layer, METH_VARARGS, NULL},
    {"changed_codes", changed_codes, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

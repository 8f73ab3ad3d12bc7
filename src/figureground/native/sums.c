/* Sums of what changed; samples/sums.py says what is right. */
#include "kernel.h"

/* lanes: whole pixels of 1, 2, 3 and 4 channels; most used: numbers whose squares 32 bits hold the sum of */
enum { LANES = 48, MOST_CHANNELS = 4, MOST_USED = 33000 };

typedef struct {
    int64_t total[MOST_CHANNELS], square[MOST_CHANNELS];
} Sums;

/* Sums in 32 bits, of every LANES-th byte of rows each; `used`: numbers that one of them has at most. */
typedef struct {
    int32_t total[LANES], square[LANES], used;
} Lanes;

/* Adds what changed in a row of bytes that lie side by side. */
FOR_EACH_PROCESSOR
static void add_row(const uint8_t *old, const uint8_t *new, Py_ssize_t bytes, Lanes *lanes) {
    int32_t total[LANES], square[LANES]; /* of its own: what the rows are read from might else be what is written */
    Py_ssize_t i = 0;
    memcpy(total, lanes->total, sizeof(total));
    memcpy(square, lanes->square, sizeof(square));
    for (; i + LANES <= bytes; i += LANES)
        for (int k = 0; k < LANES; k++) {
            int32_t a = old[i + k], b = new[i + k];
            total[k] += b - a;
            square[k] += (b - a) * (b + a);
        }
    for (int k = 0; i + k < bytes; k++) {
        int32_t a = old[i + k], b = new[i + k];
        total[k] += b - a;
        square[k] += (b - a) * (b + a);
    }
    memcpy(lanes->total, total, sizeof(total));
    memcpy(lanes->square, square, sizeof(square));
    lanes->used += (int32_t)(bytes / LANES) + 1;
}

/* Adds the lanes to the sums of their channels, and begins them anew. */
static void flush(Lanes *lanes, Py_ssize_t channels, Sums *sums) {
    for (int k = 0; k < LANES; k++) {
        sums->total[k % channels] += lanes->total[k];
        sums->square[k % channels] += lanes->square[k];
    }
    memset(lanes, 0, sizeof(*lanes));
}

static void add_strided(const Py_buffer *old, const Py_buffer *new, Py_ssize_t y, Sums *sums) {
    for (Py_ssize_t c = 0; c < old->shape[2]; c++) {
        const uint8_t *a = (const uint8_t *)old->buf + y * old->strides[0] + c * old->strides[2];
        const uint8_t *b = (const uint8_t *)new->buf + y * new->strides[0] + c * new->strides[2];
        for (Py_ssize_t x = 0; x < old->shape[1]; x++, a += old->strides[1], b += new->strides[1]) {
            int difference = *b - *a;
            sums->total[c] += difference;
            sums->square[c] += difference * (*b + *a);
        }
    }
}

static int lies_side_by_side(const Py_buffer *one) {
    return one->strides[2] == 1 && one->strides[1] == one->shape[2] && one->shape[1] * one->shape[2] <= 1 << 20;
}

/* changed_sums(old, new): uint8 (rows, columns, channels) of any strides -> how much larger the sums are, then the sums
   of squares, of each channel */
static PyObject *changed_sums(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer old, new;
    if (!PyArg_ParseTuple(args, "OO", objects, objects + 1) || strided_of(objects[0], &old, 3, 1, 0) < 0) return NULL;
    if (strided_of(objects[1], &new, 3, 1, 0) == 0) {
        Py_ssize_t channels = old.shape[2];
        if (old.shape[0] != new.shape[0] || old.shape[1] != new.shape[1] || channels != new.shape[2] || channels < 1 ||
            channels > MOST_CHANNELS) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        } else if ((found = PyTuple_New(2 * channels)) != NULL) {
            Sums sums = {{0}, {0}};
            int together = lies_side_by_side(&old) && lies_side_by_side(&new);
            Lanes lanes = {{0}, {0}, 0};
            for (Py_ssize_t y = 0; y < rows_of(&old); y++) {
                if (!together) {
                    add_strided(&old, &new, y, &sums);
                    continue;
                }
                if (lanes.used + old.shape[1] * channels / LANES + 1 > MOST_USED) flush(&lanes, channels, &sums);
                add_row((const uint8_t *)old.buf + y * old.strides[0], (const uint8_t *)new.buf + y * new.strides[0],
                        old.shape[1] * channels, &lanes);
            }
            flush(&lanes, channels, &sums);
            for (Py_ssize_t c = 0; c < channels; c++) {
                PyTuple_SetItem(found, c, PyLong_FromLongLong(sums.total[c]));
                PyTuple_SetItem(found, channels + c, PyLong_FromLongLong(sums.square[c]));
            }
        }
        PyBuffer_Release(&new);
    }
    PyBuffer_Release(&old);
    return found;
}

PyMethodDef sums_methods[] = {
    {"changed_sums", changed_sums, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

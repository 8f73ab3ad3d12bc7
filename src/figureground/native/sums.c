/* Sums of what changed; samples/sums.py says what is right. */
#include "kernel.h"

/* changed_sums(old, new): uint8 (rows, columns, channels) of any strides -> how much larger the sums are, then the sums
   of squares, of each channel */
static PyObject *changed_sums(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer old, new;
    if (!PyArg_ParseTuple(args, "OO", objects, objects + 1) || strided_of(objects[0], &old, 3, 1, 0) < 0) return NULL;
    if (strided_of(objects[1], &new, 3, 1, 0) == 0) {
        Py_ssize_t channels = old.shape[2];
        if (old.shape[0] != new.shape[0] || old.shape[1] != new.shape[1] || channels != new.shape[2] || channels > 4) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        } else if ((found = PyTuple_New(2 * channels)) != NULL) {
            for (Py_ssize_t c = 0; c < channels; c++) {
                int64_t total = 0, square = 0;
                for (Py_ssize_t y = 0; y < old.shape[0]; y++) {
                    const uint8_t *a = (const uint8_t *)old.buf + y * old.strides[0] + c * old.strides[2];
                    const uint8_t *b = (const uint8_t *)new.buf + y * new.strides[0] + c * new.strides[2];
                    for (Py_ssize_t x = 0; x < old.shape[1]; x++, a += old.strides[1], b += new.strides[1]) {
                        int difference = *b - *a;
                        total += difference;
                        square += difference * (*b + *a);
                    }
                }
                PyTuple_SetItem(found, c, PyLong_FromLongLong(total));
                PyTuple_SetItem(found, channels + c, PyLong_FromLongLong(square));
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

/* The module figureground.native._kernel: functions of the other files, and how they take arrays. */
#include "kernel.h"

static int taken(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int flags) {
    if (PyObject_GetBuffer(object, view, flags) < 0) return -1;
    if (view->ndim != dimensions || view->itemsize != item) {
        PyErr_Format(PyExc_ValueError, "an array of %d dimensions and %zd bytes an item, not of %d and %zd",
                     dimensions, item, view->ndim, view->itemsize);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

int array_of(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int writable) {
    return taken(object, view, dimensions, item, PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0));
}

int strided_of(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int writable) {
    return taken(object, view, dimensions, item, PyBUF_STRIDES | (writable ? PyBUF_WRITABLE : 0));
}

int lies_within(Py_ssize_t top, Py_ssize_t left, const Py_buffer *part, const Py_buffer *canvas) {
    const Py_ssize_t *own = part->shape, *all = canvas->shape;
    if (!own[0] || !own[1]) return 1; /* wherever it lies */
    if (top >= 0 && left >= 0 && all[0] - own[0] >= top && all[1] - own[1] >= left) return 1;
    PyErr_SetString(PyExc_ValueError, "a part that does not lie on its canvas");
    return 0;
}

static int add_methods(PyObject *module) {
    PyMethodDef *lists[] = {
        blur_methods,
        colour_methods,
        composite_methods,
        crc32_methods,
        deflate_methods,
        depth_methods,
        jpeg_methods,
        light_methods,
        masks_methods,
        places_methods,
        png_data_methods,
        png_methods,
        png_unfiltered_methods,
        resize_methods,
        rle_methods,
        seen_methods,
        shadows_methods,
        sums_methods,
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        if (PyModule_AddFunctions(module, lists[i]) < 0) return -1;
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, add_methods}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernel", "Compiled twins of some numpy functions, equal to them bit for bit.", 0, NULL,
    slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&definition); }

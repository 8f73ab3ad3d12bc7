/* What the files of the kernel share.  Stable ABI of Python 3.11: one built file serves every later version. */
#ifndef FIGUREGROUND_KERNEL_H
#define FIGUREGROUND_KERNEL_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* Takes a C-contiguous array of so many dimensions and bytes an item; 0, or -1 with an exception set.
   Release it with PyBuffer_Release.  Sizes may come from a hostile file: every function checks what it indexes. */
int array_of(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int writable);

/* The same for an array of any strides: step by view->strides, in bytes. */
int strided_of(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int writable);

/* Methods of the module, one list a file, each ended by a NULL name. */
extern PyMethodDef composite_methods[], deflate_methods[], jpeg_methods[], masks_methods[], png_methods[],
    png_data_methods[], rle_methods[], shadows_methods[],
    sums_methods[];

#endif

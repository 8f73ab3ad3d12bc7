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

/* The same function once more for processors that work on eight numbers at a time; which of them runs is told when the
   kernel is loaded.  Both give the same bytes: none of them changes the order of sums of floats. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* With what it calls built in, so that this, too, is made for each processor. */
#ifdef __GNUC__
#define FLATTENED __attribute__((flatten))
#else
#define FLATTENED
#endif

/* Takes a C-contiguous array of so many dimensions and bytes an item; 0, or -1 with an exception set.
   Release it with PyBuffer_Release.  Sizes may come from a hostile file: every function checks what it indexes. */
int array_of(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int writable);

/* The same for an array of any strides: step by view->strides, in bytes. */
int strided_of(PyObject *object, Py_buffer *view, int dimensions, Py_ssize_t item, int writable);

/* Tells whether a part lies on a canvas at (top, left), as an empty one does wherever it is; 0 with an exception set. */
int lies_within(Py_ssize_t top, Py_ssize_t left, const Py_buffer *part, const Py_buffer *canvas);

/* The rows of a part of a canvas; none where it has no columns, since it may then lie anywhere. */
static inline Py_ssize_t rows_of(const Py_buffer *part) { return part->shape[1] ? part->shape[0] : 0; }

/* Writes how many px of windows of (2 * radius + 1)^2 are 1; beyond the edge all is as at it.  `tall`: width + 2 * radius
   zeros. */
void sum_windows(const uint8_t *mask, Py_ssize_t height, Py_ssize_t width, int radius, uint8_t *tall, uint8_t *out);

/* Methods of the module, one list a file, each ended by a NULL name. */
extern PyMethodDef blur_methods[],
    colour_methods[],
    composite_methods[],
    crc32_methods[],
    deflate_methods[],
    depth_methods[],
    jpeg_methods[],
    light_methods[],
    masks_methods[],
    places_methods[],
    png_data_methods[],
    png_methods[],
    png_unfiltered_methods[],
    resize_methods[],
    rle_methods[],
    seen_methods[],
    shadows_methods[],
    sums_methods[];

#endif

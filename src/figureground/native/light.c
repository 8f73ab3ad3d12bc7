/* What light shadows leave of a floor; render/shadows.py says what is right. */
#include "kernel.h"
#include <math.h>

static int same_shape(const Py_buffer *a, const Py_buffer *b) {
    return a->shape[0] == b->shape[0] && a->shape[1] == b->shape[1];
}

/* weighed(contact, picture, floor, top, left): uint8 (h, w); uint8 (height, width, 3); uint8 (h, w) or None; the first
   lies at (top, left) of the picture -> the sum of contact * floor, and that of it times the sum of a pixel's channels */
static PyObject *weighed(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer views[3];
    Py_ssize_t top, left;
    int taken = 0, some;
    if (!PyArg_ParseTuple(args, "OOOnn", objects, objects + 1, objects + 2, &top, &left)) return NULL;
    some = objects[2] == Py_None ? 2 : 3;
    for (; taken < some; taken++)
        if (strided_of(objects[taken], views + taken, taken == 1 ? 3 : 2, 1, 0) < 0) goto done;
    Py_buffer *contact = views, *picture = views + 1, *floor = some == 3 ? views + 2 : NULL;
    if (picture->shape[2] != 3 || (floor && !same_shape(floor, contact))) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        goto done;
    }
    if (!lies_within(top, left, contact, picture)) goto done;
    uint64_t total = 0, bright = 0;
    for (Py_ssize_t y = 0; y < rows_of(contact); y++) {
        const uint8_t *own = (const uint8_t *)contact->buf + y * contact->strides[0];
        const uint8_t *part = floor ? (const uint8_t *)floor->buf + y * floor->strides[0] : NULL;
        const uint8_t *from = (const uint8_t *)picture->buf + (top + y) * picture->strides[0];
        for (Py_ssize_t x = 0; x < contact->shape[1]; x++) {
            uint64_t weight = own[x * contact->strides[1]];
            if (!weight) continue;
            const uint8_t *pixel = from + (left + x) * picture->strides[1];
            weight *= part ? part[x * floor->strides[1]] : 255;
            total += weight;
            bright += weight * (unsigned)(pixel[0] + pixel[picture->strides[2]] + pixel[2 * picture->strides[2]]);
        }
    }
    found = Py_BuildValue("(KK)", (unsigned long long)total, (unsigned long long)bright);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

/* Rounds 0..255 to whole numbers, halves to even. */
static inline uint8_t rounded(float value) {
    const float far = 12582912.0f;
    return (uint8_t)(int32_t)(value + far - far);
}

/* darken(image, cast, contact, floor, top, left): uint8 (height, width, 3), changed in place; uint8 (h, w) twice, and once
   more or None, which lie at (top, left) of the image */
static PyObject *darken(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[4], *found = NULL;
    Py_buffer views[4];
    Py_ssize_t top, left;
    int taken = 0, some;
    if (!PyArg_ParseTuple(args, "OOOOnn", objects, objects + 1, objects + 2, objects + 3, &top, &left)) return NULL;
    some = objects[3] == Py_None ? 3 : 4;
    for (; taken < some; taken++)
        if ((taken ? strided_of(objects[taken], views + taken, 2, 1, 0) : array_of(objects[0], views, 3, 1, 1)) < 0)
            goto done;
    Py_buffer *image = views, *cast = views + 1, *contact = views + 2, *floor = some == 4 ? views + 3 : NULL;
    if (image->shape[2] != 3 || !same_shape(cast, contact) || (floor && !same_shape(floor, cast))) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        goto done;
    }
    if (!lies_within(top, left, cast, image)) goto done;
    for (Py_ssize_t y = 0; y < rows_of(cast); y++) {
        uint8_t *pixel = (uint8_t *)image->buf + 3 * ((top + y) * image->shape[1] + left);
        const uint8_t *far = (const uint8_t *)cast->buf + y * cast->strides[0];
        const uint8_t *near = (const uint8_t *)contact->buf + y * contact->strides[0];
        const uint8_t *part = floor ? (const uint8_t *)floor->buf + y * floor->strides[0] : NULL;
        for (Py_ssize_t x = 0; x < cast->shape[1]; x++, pixel += 3) {
            unsigned own[] = {far[x * cast->strides[1]], near[x * contact->strides[1]],
                              part ? part[x * floor->strides[1]] : 255};
            if (!own[2] || !(own[0] | own[1])) continue; /* a factor of 1 */
            float factor = sqrtf((float)(255 - own[0]) * (float)(255 - own[1]) / 65025.0f);
            if (part) factor = 1 - (1 - factor) * ((float)own[2] / 255.0f);
            for (int c = 0; c < 3; c++) pixel[c] = rounded((float)pixel[c] * factor);
        }
    }
    Py_INCREF(found = Py_None);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

PyMethodDef light_methods[] = {
    {"weighed", weighed, METH_VARARGS, NULL},
    {"darken", darken, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

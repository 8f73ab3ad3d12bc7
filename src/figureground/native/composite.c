/* Pasting figures; render/composite.py says what is right. */
#include "kernel.h"

/* round((alpha * front + (255 - alpha) * back) / 255), exactly (Blinn 1994) */
static inline uint8_t blended(unsigned front, unsigned back, unsigned alpha) {
    unsigned t = alpha * front + (255 - alpha) * back + 128;
    return (uint8_t)((t + (t >> 8)) >> 8);
}

/* paste(image, alpha, colour, visible, top, left): uint8 (height, width, 3) and (height, width), changed in place;
   uint8 (h, w, 3) and (h, w) of any strides */
static PyObject *paste(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[4], *found = NULL;
    Py_buffer views[4];
    Py_ssize_t top, left;
    int taken = 0;
    if (!PyArg_ParseTuple(args, "OOOOnn", objects, objects + 1, objects + 2, objects + 3, &top, &left)) return NULL;
    for (; taken < 4; taken++) {
        int dimensions = taken % 2 ? 2 : 3;
        if ((taken < 2 ? array_of(objects[taken], views + taken, dimensions, 1, 1)
                       : strided_of(objects[taken], views + taken, dimensions, 1, 0)) < 0)
            goto done;
    }
    Py_buffer *image = views, *alpha = views + 1, *colour = views + 2, *visible = views + 3;
    if (image->shape[0] != alpha->shape[0] || image->shape[1] != alpha->shape[1] || image->shape[2] != 3 ||
        colour->shape[2] != 3 || colour->shape[0] != visible->shape[0] || colour->shape[1] != visible->shape[1]) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        goto done;
    }
    if (!lies_within(top, left, visible, image)) goto done;
    Py_ssize_t channel = colour->strides[2], step = colour->strides[1], own_step = visible->strides[1];
    for (Py_ssize_t y = 0; y < rows_of(visible); y++) {
        Py_ssize_t place = (top + y) * alpha->shape[1] + left;
        uint8_t *a = (uint8_t *)alpha->buf + place, *c = (uint8_t *)image->buf + 3 * place;
        const uint8_t *own = (const uint8_t *)visible->buf + y * visible->strides[0];
        const uint8_t *from = (const uint8_t *)colour->buf + y * colour->strides[0];
        for (Py_ssize_t x = 0; x < visible->shape[1]; x++, own += own_step, from += step) {
            unsigned v = *own;
            if (!v) continue;
            if (v == 255) { /* most of a figure, which is what the rule below gives, too */
                a[x] = 255;
                c[3 * x] = from[0], c[3 * x + 1] = from[channel], c[3 * x + 2] = from[2 * channel];
                continue;
            }
            a[x] = blended(255, a[x], v);
            c[3 * x] = blended(from[0], c[3 * x], v);
            c[3 * x + 1] = blended(from[channel], c[3 * x + 1], v);
            c[3 * x + 2] = blended(from[2 * channel], c[3 * x + 2], v);
        }
    }
    Py_INCREF(found = Py_None);
done:
    while (taken--) PyBuffer_Release(views + taken);
    return found;
}

/* cover(shares, alpha, visible, number, top, left): uint8 (figures, height, width) and (height, width), changed in place;
   visible, uint8 (h, w) of any strides, is the figure's of this number, nearer than those before it */
static PyObject *cover(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[3], *found = NULL;
    Py_buffer shares, alpha, visible;
    Py_ssize_t number, top, left;
    if (!PyArg_ParseTuple(args, "OOOnnn", objects, objects + 1, objects + 2, &number, &top, &left)) return NULL;
    if (array_of(objects[0], &shares, 3, 1, 1) < 0) return NULL;
    if (array_of(objects[1], &alpha, 2, 1, 1) < 0) goto release_shares;
    if (strided_of(objects[2], &visible, 2, 1, 0) < 0) goto release_alpha;
    if (number < 0 || number >= shares.shape[0] || shares.shape[1] != alpha.shape[0] ||
        shares.shape[2] != alpha.shape[1]) {
        PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
    } else if (lies_within(top, left, &visible, &alpha)) {
        Py_ssize_t size = alpha.len;
        for (Py_ssize_t y = 0; y < rows_of(&visible); y++) {
            Py_ssize_t place = (top + y) * alpha.shape[1] + left;
            const uint8_t *own = (const uint8_t *)visible.buf + y * visible.strides[0];
            for (Py_ssize_t x = 0; x < visible.shape[1]; x++, own += visible.strides[1]) {
                unsigned v = *own;
                uint8_t *share = (uint8_t *)shares.buf + place + x, *joint = (uint8_t *)alpha.buf + place + x;
                if (!v) continue;
                for (Py_ssize_t k = 0; k < number; k++, share += size) *share = blended(0, *share, v);
                *share = (uint8_t)v;
                *joint = blended(255, *joint, v);
            }
        }
        Py_INCREF(found = Py_None);
    }
    PyBuffer_Release(&visible);
release_alpha:
    PyBuffer_Release(&alpha);
release_shares:
    PyBuffer_Release(&shares);
    return found;
}

/* owners(shares, alpha): alpha becomes the number + 1 of the figure with the largest share, the first of equals, where
   it is at least 128, and 0 elsewhere */
static PyObject *owners(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer shares, alpha;
    if (!PyArg_ParseTuple(args, "OO", objects, objects + 1) || array_of(objects[0], &shares, 3, 1, 0) < 0) return NULL;
    if (array_of(objects[1], &alpha, 2, 1, 1) == 0) {
        Py_ssize_t count = shares.shape[0], size = alpha.len;
        if (shares.shape[1] != alpha.shape[0] || shares.shape[2] != alpha.shape[1] || count > 255) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        } else {
            uint8_t *joint = alpha.buf;
            for (Py_ssize_t i = 0; i < size; i++) {
                if (!joint[i]) continue;
                const uint8_t *share = (const uint8_t *)shares.buf + i;
                Py_ssize_t best = 0;
                for (Py_ssize_t k = 1; k < count; k++)
                    if (share[k * size] > share[best * size]) best = k;
                joint[i] = joint[i] >= 128 && count ? (uint8_t)(best + 1) : 0;
            }
            Py_INCREF(found = Py_None);
        }
        PyBuffer_Release(&alpha);
    }
    PyBuffer_Release(&shares);
    return found;
}

/* colour / (alpha / 255) in float32, at most 255, halves to even; the sum of the large number has no bits for fractions */
static inline uint8_t divided(uint8_t colour, float share) {
    const float far = 12582912.0f;
    float value = (float)colour / share;
    value = value < 255.0f ? value : 255.0f;
    return (uint8_t)(value + far - far);
}

/* straight(planes, cutout): uint8 (4 or more, height, width), premultiplied -> uint8 (height, width, 4), straight */
static PyObject *straight(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *objects[2], *found = NULL;
    Py_buffer planes, cutout;
    if (!PyArg_ParseTuple(args, "OO", objects, objects + 1) || array_of(objects[0], &planes, 3, 1, 0) < 0) return NULL;
    if (array_of(objects[1], &cutout, 3, 1, 1) == 0) {
        Py_ssize_t size = planes.shape[1] * planes.shape[2];
        if (planes.shape[0] < 4 || cutout.shape[0] != planes.shape[1] || cutout.shape[1] != planes.shape[2] ||
            cutout.shape[2] != 4) {
            PyErr_SetString(PyExc_ValueError, "shapes that do not fit");
        } else {
            const uint8_t *red = planes.buf, *green = red + size, *blue = green + size, *alpha = blue + size;
            uint8_t *out = cutout.buf;
            for (Py_ssize_t i = 0; i < size; i++, out += 4) {
                uint8_t pixel[4] = {red[i], green[i], blue[i], alpha[i]};
                if (alpha[i] && alpha[i] < 255) {
                    float share = (float)alpha[i] / 255.0f;
                    for (int k = 0; k < 3; k++) pixel[k] = divided(pixel[k], share);
                }
                memcpy(out, pixel, 4);
            }
            Py_INCREF(found = Py_None);
        }
        PyBuffer_Release(&cutout);
    }
    PyBuffer_Release(&planes);
    return found;
}

PyMethodDef composite_methods[] = {
    {"paste", paste, METH_VARARGS, NULL},   {"cover", cover, METH_VARARGS, NULL},
    {"owners", owners, METH_VARARGS, NULL}, {"straight", straight, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

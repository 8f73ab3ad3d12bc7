/* Means over windows; image/filters.py says what is right. */
#include "kernel.h"
#include <stdlib.h>

#define LANES 8 /* lines that are worked on together: with a window's reach they stay within the cache */

/* Lines along an axis, side by side: value `place` of line k is at [place * LANES + k].  Of the others each has room for
   what lies beyond the ends, too. */
typedef struct {
    Py_ssize_t length, reach;
    float *values;
    double *sums, *next, *total;
} Lines;

/* Tells whether sums over windows are exact in double, in whatever order they are added: all values are multiples of one
   small number, and no sum has more than 2^53 of them. */
static int exact(const Lines *lines) {
    int32_t most = 0, least = INT32_MAX, below_zero = 0;
    for (Py_ssize_t k = 0; k < lines->length * LANES; k++) {
        int32_t bits;
        memcpy(&bits, lines->values + k, 4);
        int32_t other = bits ? bits : INT32_MAX;
        below_zero |= bits; /* -0 too, whose sign hangs on the order */
        most = bits > most ? bits : most;
        least = other < least ? other : least;
    }
    int top = most >> 23, bottom = least >> 23, doublings = 0;
    while (((Py_ssize_t)1 << doublings) < 2 * lines->reach + 1) doublings++;
    return below_zero >= 0 && top < 255 && (!most || top - (bottom ? bottom : 1) + 24 + doublings <= 53);
}

/* Puts sums over windows into `total` where they are exact: what comes in is added, what falls out taken away. */
static void slid(const Lines *lines) {
    Py_ssize_t length = lines->length, reach = lines->reach;
    double sums[LANES] = {0};
    for (Py_ssize_t coming = 0; coming < length + reach; coming++) {
        if (coming < length)
            for (int k = 0; k < LANES; k++) sums[k] += lines->values[coming * LANES + k];
        if (coming > 2 * reach)
            for (int k = 0; k < LANES; k++) sums[k] -= lines->values[(coming - 2 * reach - 1) * LANES + k];
        if (coming >= reach) memcpy(lines->total + (coming - reach) * LANES, sums, sizeof(sums));
    }
}

static void add(double *restrict out, const double *one, const double *other, Py_ssize_t count) {
    for (Py_ssize_t k = 0; k < count; k++) out[k] = one[k] + other[k];
}

/* The same for any values.  Sums of 1, 2, 4 ... values, each of two of the one before, are put together as the binary
   digits of the window say: in this order, as rounding hangs on it. */
static void doubled(const Lines *lines) {
    Py_ssize_t whole = lines->length * LANES, beyond = lines->reach * LANES, size = whole + 2 * beyond;
    Py_ssize_t window = 2 * lines->reach + 1;
    double *sums = lines->sums, *next = lines->next, *total = lines->total;
    memset(sums, 0, (size_t)beyond * sizeof(*sums));
    memset(sums + beyond + whole, 0, (size_t)beyond * sizeof(*sums));
    for (Py_ssize_t k = 0; k < whole; k++) sums[beyond + k] = lines->values[k];
    memcpy(total, sums, (size_t)whole * sizeof(*total)); /* windows are odd */
    for (Py_ssize_t half = 1, taken = 1; 2 * half <= window; half *= 2) {
        size -= half * LANES;
        add(next, sums, sums + half * LANES, size);
        double *before = sums;
        sums = next, next = before;
        if (window & 2 * half) {
            for (Py_ssize_t k = 0; k < whole; k++) total[k] += sums[taken * LANES + k];
            taken += 2 * half;
        }
    }
}

/* Puts the means in the place of the values, of `count` lines whose values lie `along` apart, and they `across`. */
FLATTENED FOR_EACH_PROCESSOR
static void means(const Lines *lines, float *image, Py_ssize_t along, Py_ssize_t across, Py_ssize_t count) {
    Py_ssize_t length = lines->length, reach = lines->reach;
    if (count < LANES) memset(lines->values, 0, (size_t)(length * LANES) * sizeof(float));
    for (Py_ssize_t place = 0; place < length; place++)
        for (Py_ssize_t k = 0; k < count; k++)
            lines->values[place * LANES + k] = image[place * along + k * across];
    if (exact(lines)) slid(lines);
    else doubled(lines);
    for (Py_ssize_t place = 0; place < length; place++) {
        Py_ssize_t end = place + reach + 1, start = place - reach;
        double span = (double)((end < length ? end : length) - (start > 0 ? start : 0));
        float found[LANES];
        for (int k = 0; k < LANES; k++) found[k] = (float)(lines->total[place * LANES + k] / span);
        for (Py_ssize_t k = 0; k < count; k++) image[place * along + k * across] = found[k];
    }
}

static Py_ssize_t smaller(Py_ssize_t a, Py_ssize_t b) { return a < b ? a : b; }

/* Blurs (height, width, channels) in place; 0, or -1 without memory. */
static int blurred(float *image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, Py_ssize_t radius) {
    Py_ssize_t row = width * channels, longest = height > width ? height : width;
    Py_ssize_t most = (longest + 2 * smaller(radius, longest)) * LANES;
    float *values = malloc((size_t)most * sizeof(*values));
    double *room = malloc(3 * (size_t)most * sizeof(*room));
    int done = values && room ? 0 : -1;
    if (!done) {
        Lines down = {height, smaller(radius, height), values, room, room + most, room + 2 * most};
        for (Py_ssize_t left = 0; left < row; left += LANES)
            means(&down, image + left, row, 1, smaller(LANES, row - left));
        Lines across = {width, smaller(radius, width), values, room, room + most, room + 2 * most};
        for (Py_ssize_t top = 0; top < height; top += LANES)
            for (Py_ssize_t channel = 0; channel < channels; channel++)
                means(&across, image + top * row + channel, channels, row, smaller(LANES, height - top));
    }
    free(values);
    free(room);
    return done;
}

/* box_blur(values, radius): float32 (height, width, channels) -> the means over windows of 2 * radius + 1, in place */
static PyObject *box_blur(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object;
    Py_ssize_t radius;
    Py_buffer values;
    if (!PyArg_ParseTuple(args, "On", &object, &radius) || array_of(object, &values, 3, 4, 1) < 0) return NULL;
    int done = 0;
    if (radius < 0 || values.len > PY_SSIZE_T_MAX / 1024) {
        PyErr_SetString(PyExc_ValueError, "a radius or a shape that does not fit");
        done = -1;
    } else if (values.len) {
        done = blurred(values.buf, values.shape[0], values.shape[1], values.shape[2], radius);
        if (done < 0) PyErr_NoMemory();
    }
    PyBuffer_Release(&values);
    if (done < 0) return NULL;
    Py_RETURN_NONE;
}

PyMethodDef blur_methods[] = {
    {"box_blur", box_blur, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

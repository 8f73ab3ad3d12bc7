/* CRC-32 as zips have it; zlib.crc32 says what is right.

   A message is a polynomial with coefficients of one bit, its checksum the rest of the division by P.  Four lanes of 128
   bits run over it: a lane is taken 512 bits on by two carry-less products with x^n mod P, which leaves the rest as it is.
   What is left, 128 bits and the last bytes, is divided byte by byte. */
#include "kernel.h"

static uint32_t rests[256]; /* of each byte, the lowest bit first */

static void make_rests(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320u : 0);
        rests[byte] = rest;
    }
}

static uint32_t by_bytes(uint32_t rest, const uint8_t *data, size_t size) {
    while (size--) rest = rest >> 8 ^ rests[(rest ^ *data++) & 255];
    return rest;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define CARRYLESS __attribute__((target("pclmul,sse4.1")))

static int folds(void) { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }

CARRYLESS static inline __m128i on(__m128i lane, __m128i powers, __m128i next) {
    __m128i low = _mm_clmulepi64_si128(lane, powers, 0x00), high = _mm_clmulepi64_si128(lane, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

CARRYLESS static uint32_t folded(uint32_t rest, const uint8_t *data, size_t size) {
    if (size < 128) return by_bytes(rest, data, size);
    /* x^(n + 32) and x^(n - 32) mod P with their bits turned round, one place up: n is 512 and 128 bits */
    const __m128i far = _mm_set_epi64x(0x1C6E41596, 0x154442BD4), near = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);
    const __m128i *at = (const __m128i *)data;
    __m128i lanes[4];
    for (int k = 0; k < 4; k++) lanes[k] = _mm_loadu_si128(at + k);
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128((int)rest));
    for (at += 4, size -= 64; size >= 64; at += 4, size -= 64)
        for (int k = 0; k < 4; k++) lanes[k] = on(lanes[k], far, _mm_loadu_si128(at + k));
    __m128i all = on(on(on(lanes[0], near, lanes[1]), near, lanes[2]), near, lanes[3]);
    for (; size >= 16; at++, size -= 16) all = on(all, near, _mm_loadu_si128(at));
    uint8_t left[16];
    _mm_storeu_si128((__m128i *)left, all);
    return by_bytes(by_bytes(0, left, 16), (const uint8_t *)at, size);
}
#else
static int folds(void) { return 0; }
#define folded by_bytes
#endif

/* crc32(data, value): bytes, and the checksum of those before them, 0 at the beginning -> that of all; None where this
   processor has no carry-less product, and zlib is faster */
static PyObject *crc32(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer data;
    long long value;
    if (!PyArg_ParseTuple(args, "y*L", &data, &value)) return NULL;
    PyObject *found = NULL;
    if (value < 0 || value > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "a checksum has 32 bits");
    } else if (!folds()) {
        Py_INCREF(found = Py_None);
    } else {
        uint32_t rest = ~(uint32_t)value;
        if (!rests[1]) make_rests();
        Py_BEGIN_ALLOW_THREADS
        rest = ~folded(rest, data.buf, (size_t)data.len);
        Py_END_ALLOW_THREADS
        found = PyLong_FromUnsignedLong(rest);
    }
    PyBuffer_Release(&data);
    return found;
}

PyMethodDef crc32_methods[] = {
    {"crc32", crc32, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* The pieces of a picture strung together as a PNG's chunk IDAT; image/png16.py says what is right. */
#include "png.h"
#include <stdlib.h>

static inline void word_out(uint8_t *at, uint64_t word) {
    for (int k = 0; k < 8; k++) at[k] = (uint8_t)(word >> (8 * k));
}

static inline void big_endian(uint8_t *at, uint32_t value) {
    for (int k = 0; k < 4; k++) at[k] = (uint8_t)(value >> (24 - 8 * k));
}

/* The remainders of a byte followed by 0 to 15 zeros (ISO 3309); made once, under Python's lock. */
static uint32_t remainders[16][256];

static void remainders_made(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t left = byte;
        for (int k = 0; k < 8; k++) left = left >> 1 ^ (left & 1 ? 0xEDB88320u : 0);
        remainders[0][byte] = left;
    }
    for (int zeros = 1; zeros < 16; zeros++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t before = remainders[zeros - 1][byte];
            remainders[zeros][byte] = before >> 8 ^ remainders[0][before & 255];
        }
}

static uint32_t crc32_of(const uint8_t *at, size_t count) {
    uint32_t left = 0xFFFFFFFFu;
    if (!remainders[0][1]) remainders_made();
    for (; count >= 16; at += 16, count -= 16) {
        uint32_t next = 0;
        for (int k = 0; k < 4; k++) next ^= remainders[15 - k][at[k] ^ (left >> (8 * k) & 255)];
        for (int k = 4; k < 16; k++) next ^= remainders[15 - k][at[k]];
        left = next;
    }
    for (; count; at++, count--) left = left >> 8 ^ remainders[0][(left ^ *at) & 255];
    return ~left;
}

typedef struct {
    Py_buffer words, bits, sums;
    Py_ssize_t piece, word; /* the next ones */
} Pieces;

static int pieces_of(PyObject *tuple, Pieces *pieces) {
    PyObject *words, *bits, *sums;
    memset(pieces, 0, sizeof(*pieces));
    if (!PyArg_ParseTuple(tuple, "OOO", &words, &bits, &sums)) return -1;
    if (array_of(words, &pieces->words, 1, 8, 0) < 0 || array_of(bits, &pieces->bits, 1, 2, 0) < 0 ||
        array_of(sums, &pieces->sums, 2, 4, 0) < 0)
        return -1;
    if (pieces->sums.shape[0] == pieces->bits.shape[0] && pieces->sums.shape[1] == 2) return 0;
    PyErr_SetString(PyExc_ValueError, "each piece has its bits and two sums");
    return -1;
}

static void pieces_released(Pieces *pieces) { /* one that was not taken is all zeros */
    PyBuffer_Release(&pieces->words);
    PyBuffer_Release(&pieces->bits);
    PyBuffer_Release(&pieces->sums);
}

/* Whether there are so many pieces, and words for all their bits. */
static int complete(const Pieces *pieces, Py_ssize_t count) {
    const uint16_t *bits = pieces->bits.buf;
    Py_ssize_t words = 0;
    if (pieces->bits.shape[0] != count) return 0;
    for (Py_ssize_t k = 0; k < count; k++) words += (bits[k] + 63) / 64;
    return words == pieces->words.shape[0];
}

/* Adler's two sums, which grow by whole pieces. */
typedef struct {
    uint64_t plain, weighted;
} Adler;

/* Appends the next of some pieces, of so many filtered bytes. */
static inline void appended(Pieces *pieces, int bytes, Bits *out, Adler *adler) {
    const uint64_t *words = (const uint64_t *)pieces->words.buf + pieces->word;
    const uint32_t *sums = (const uint32_t *)pieces->sums.buf + 2 * pieces->piece;
    int bits = ((const uint16_t *)pieces->bits.buf)[pieces->piece++];
    pieces->word += (bits + 63) / 64;
    for (; bits >= 64; bits -= 64) { /* no word fills up twice */
        uint64_t word = *words++;
        *out->end++ = out->bits | word << out->fill;
        out->bits = out->fill ? word >> (64 - out->fill) : 0;
    }
    if (bits) put(out, *words, bits);
    adler->weighted += (uint64_t)bytes * adler->plain + sums[1];
    adler->plain += sums[0];
}

static inline void skipped(Pieces *pieces) {
    pieces->word += (((const uint16_t *)pieces->bits.buf)[pieces->piece++] + 63) / 64;
}

typedef struct {
    Py_ssize_t height, width, across, top, bottom, first, last;
} Frame;

static Adler strung(const Frame *at, Pieces *base, Pieces *fresh, Bits *out) {
    Adler adler = {1, 0};
    Bits local = *out; /* the compiler keeps it in registers */
    for (Py_ssize_t y = 0; y < at->height; y++) {
        int inside = y >= at->top && y < at->bottom;
        for (Py_ssize_t piece = 0; piece < at->across; piece++) {
            Py_ssize_t left = at->width - piece * PIECE;
            int bytes = 2 * (int)(left < PIECE ? left : PIECE) + !piece;
            if (inside && piece >= at->first && piece < at->last) {
                skipped(base);
                appended(fresh, bytes, &local, &adler);
            } else {
                appended(base, bytes, &local, &adler);
            }
        }
        adler.plain %= 65521, adler.weighted %= 65521;
    }
    *out = local;
    return adler;
}

/* The chunk: its length, its name, the stream, and the remainder of the two latter. */
static PyObject *chunk(const Frame *at, Pieces *base, Pieces *fresh, const Py_buffer *header, int header_bits,
                       uint32_t end) {
    size_t words = (size_t)(header->shape[0] + base->words.shape[0] + fresh->words.shape[0]) + 2;
    uint64_t *stream = malloc(words * 8);
    uint8_t *bytes = malloc(words * 8 + 32);
    PyObject *found = NULL;
    if (!stream || !bytes) {
        PyErr_NoMemory();
    } else {
        Bits out = {stream, 0, 0};
        const uint64_t *told = header->buf;
        for (; header_bits >= 64; header_bits -= 64) put(&out, *told++, 64);
        if (header_bits) put(&out, *told, header_bits);
        Adler adler = strung(at, base, fresh, &out);
        put(&out, end >> 5, (int)(end & 31));
        size_t whole = (size_t)(out.end - stream), count = 8 * whole + (size_t)(out.fill + 7) / 8;
        *out.end = out.bits;
        memcpy(bytes + 4, "IDAT", 4);
        for (size_t k = 0; k < whole + (out.fill > 0); k++) word_out(bytes + 8 + 8 * k, stream[k]);
        big_endian(bytes, (uint32_t)count + 4);
        big_endian(bytes + 8 + count, (uint32_t)(adler.weighted << 16 | adler.plain));
        big_endian(bytes + 12 + count, crc32_of(bytes + 4, count + 8));
        found = PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)count + 16);
    }
    free(stream);
    free(bytes);
    return found;
}

static int agrees(Frame *at, const Pieces *base, const Pieces *fresh, const Py_buffer *header, int header_bits) {
    if (at->height < 1 || at->width < 1 || at->height > INT32_MAX || at->width > MOST_WIDTH ||
        header_bits < 0 || header_bits / 64 + (header_bits % 64 > 0) > header->shape[0])
        return 0;
    at->across = (at->width + PIECE - 1) / PIECE;
    if (at->top < 0 || at->bottom < at->top || at->bottom > at->height || at->first < 0 || at->last < at->first ||
        at->last > at->across)
        return 0;
    return complete(base, at->height * at->across) &&
           complete(fresh, (at->bottom - at->top) * (at->last - at->first));
}

/* png_data(shape, header, base, fresh, box): the chunk of a picture of `base` but for the `fresh` pieces of a box.
   header: words, bits, the token of the end; base and fresh: words, bits, sums; box: top, bottom, first, last */
static PyObject *png_data(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *header_words, *base_parts, *fresh_parts, *found = NULL;
    Frame at = {0};
    Py_buffer header;
    Pieces base, fresh;
    int header_bits;
    unsigned int end;
    if (!PyArg_ParseTuple(args, "(nn)(OiI)OO(nnnn)", &at.height, &at.width, &header_words, &header_bits, &end,
                          &base_parts, &fresh_parts, &at.top, &at.bottom, &at.first, &at.last))
        return NULL;
    if (array_of(header_words, &header, 1, 8, 0) < 0) return NULL;
    memset(&fresh, 0, sizeof(fresh));
    if (!pieces_of(base_parts, &base) && !pieces_of(fresh_parts, &fresh)) {
        if (agrees(&at, &base, &fresh, &header, header_bits))
            found = chunk(&at, &base, &fresh, &header, header_bits, end);
        else
            PyErr_SetString(PyExc_ValueError, "these are not the pieces of such a picture");
    }
    pieces_released(&fresh);
    pieces_released(&base);
    PyBuffer_Release(&header);
    return found;
}

PyMethodDef png_data_methods[] = {{"png_data", png_data, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

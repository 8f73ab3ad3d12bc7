/* PNGs of 16 bits whose pixels have codes of their own; image/deflate.py and image/png16.py say what is right. */
#ifndef FIGUREGROUND_PNG_H
#define FIGUREGROUND_PNG_H

#include "kernel.h"

enum {
    PIECE = 32,    /* pixels */
    FEWEST_RUN = 3, /* pixels */
    END = 256,
    SYMBOLS = 277,
    RUNS = END + 1, /* in tokens: a run of n pixels is at RUNS + n */
    TOKENS = RUNS + PIECE + 1,
    PAETH = 4,
    MOST_WIDTH = 1 << 26 /* pixels; Adler's sums of a row must not go over 64 bits */
};

/* The length symbol of a run of pixels of two bytes (RFC 1951, section 3.2.5); *extra: its extra bits, *bits: how many. */
static inline int run_symbol(int pixels, uint32_t *extra, int *bits) {
    int length = 2 * pixels;
    *bits = length < 11 ? 0 : length < 19 ? 1 : length < 35 ? 2 : 3;
    int first = length < 11 ? 3 : length < 19 ? 11 : length < 35 ? 19 : 35;
    *extra = (uint32_t)((length - first) & ((1 << *bits) - 1));
    return (length < 11 ? 257 : 261 + 4 * *bits) + ((length - first) >> *bits);
}

/* Words of 64 bits that fill up from the lowest bit on. */
typedef struct {
    uint64_t *end, bits;
    int fill;
} Bits;

/* Appends a value of up to 64 bits. */
static inline void put(Bits *out, uint64_t value, int count) {
    out->bits |= value << out->fill;
    out->fill += count;
    if (out->fill < 64) return;
    *out->end++ = out->bits;
    out->fill -= 64;
    out->bits = out->fill ? value >> (count - out->fill) : 0;
}

#endif

/* A baseline JPEG in tokens: what a block's Huffman code will say, before it is known which bits say it. */
#ifndef FIGUREGROUND_JPEG_H
#define FIGUREGROUND_JPEG_H

#include "kernel.h"

enum { MOST_BLOCKS = 6, MOST_TOKENS = 64 }; /* of an MCU, of a block */

/* How a picture is cut in MCUs of (8 across, 8 down) pixels; `luma` = across x down blocks come before Cb and Cr. */
typedef struct {
    Py_ssize_t height, width, rows, columns; /* in pixels; in MCUs */
    int channels, across, down, luma, blocks;
    int32_t divisors[2][64]; /* 8 times the quantisation, of luma and chroma, row by row */
    float reciprocals[2][64];
} Layout;

/* The blocks of one MCU in the order of the file. */
typedef struct {
    int16_t dc[MOST_BLOCKS];
    uint8_t counts[MOST_BLOCKS];
    uint32_t tokens[MOST_BLOCKS][MOST_TOKENS]; /* symbol (run, size) << 16 | the bits that follow its code */
} Mcu;

typedef struct {
    uint8_t counts[17], symbols[256]; /* codes of each length; the symbols in the order of their codes */
    uint32_t codes[256];              /* code << 8 | its length; 0 where the symbol has none */
} Huffman;

extern const uint8_t zigzag[64];

/* Quantisation of luma (0) or chroma (1) at a quality of 1 to 100, row by row. */
void quantisation(int chroma, int quality, uint8_t *values);

/* The MCU of a picture of (height, width, channels) bytes. */
void mcu_of(const Layout *layout, const uint8_t *pixels, Py_ssize_t row, Py_ssize_t column, Mcu *mcu);

/* How many bits a value takes: 0 for 0, 3 for 4 to 7 and -4 to -7. */
static inline int size_of(int value) {
    unsigned left = (unsigned)(value < 0 ? -value : value);
#if defined(__GNUC__)
    return left ? 32 - __builtin_clz(left) : 0;
#else
    int size = 0;
    for (; left; left >>= 1) size++;
    return size;
#endif
}

/* The table that T.81 proposes in K.3: of luma or chroma, of DC or AC. */
void standard_table(int chroma, int ac, Huffman *table);

/* The best table for how often each symbol comes, as T.81 finds it in K.2; counts[256] is overwritten. */
void optimal_table(int64_t counts[257], Huffman *table);

#endif

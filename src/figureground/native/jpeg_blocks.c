/* Pixels to quantised blocks, in the integers of the widespread JPEG library: its pictures are equalled bit by bit. */
#include "jpeg.h"

const uint8_t zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                            41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                            30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* T.81, tables K.1 and K.2 */
static const uint8_t half_quality[2][64] = {
    {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  14, 13, 16, 24, 40,  57,
     69, 56, 14, 17, 22,  29,  51,  87,  80, 62, 18, 22, 37,  56,  68,  109, 103, 77, 24, 35, 55, 64,
     81, 104, 113, 92, 49, 64,  78, 87,  103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99},
    {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
     99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
     99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99}};

void quantisation(int chroma, int quality, uint8_t *values) {
    int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int k = 0; k < 64; k++) {
        int value = (half_quality[chroma][k] * percent + 50) / 100;
        values[k] = (uint8_t)(value < 1 ? 1 : value > 255 ? 255 : value);
    }
}

/* One pass of the cosine transform after Loeffler, Ligtenberg and Moschytz (ICASSP 1989): eight vectors of eight, in
   place, along `step`; constants times 2^13, products summed exactly and rounded once.  Pass 1 keeps two bits more. */
static inline void transformed(int32_t *block, int step, int lane, int sums, int products) {
    for (int k = 0; k < 8; k++, block += lane) {
        int32_t s0 = block[0] + block[7 * step], d0 = block[0] - block[7 * step];
        int32_t s1 = block[step] + block[6 * step], d1 = block[step] - block[6 * step];
        int32_t s2 = block[2 * step] + block[5 * step], d2 = block[2 * step] - block[5 * step];
        int32_t s3 = block[3 * step] + block[4 * step], d3 = block[3 * step] - block[4 * step];
        int32_t outer = s0 + s3, inner = s1 + s2, far = s0 - s3, near = s1 - s2, half = 1 << (products - 1);
        if (sums < 0) {
            block[0] = (outer + inner) * 4;
            block[4 * step] = (outer - inner) * 4;
        } else {
            block[0] = (outer + inner + (1 << (sums - 1))) >> sums;
            block[4 * step] = (outer - inner + (1 << (sums - 1))) >> sums;
        }
        block[2 * step] = (far * 10703 + near * 4433 + half) >> products;
        block[6 * step] = (far * 4433 - near * 10704 + half) >> products;
        int32_t cross = (d3 + d1 + d2 + d0) * 9633 + half;
        int32_t odd = cross - (d3 + d1) * 16069, even = cross - (d2 + d0) * 3196;
        int32_t ends = (d3 + d0) * 7373, middle = (d2 + d1) * 20995;
        block[7 * step] = (d3 * 2446 - ends + odd) >> products;
        block[5 * step] = (d2 * 16819 - middle + even) >> products;
        block[3 * step] = (d1 * 25172 - middle + odd) >> products;
        block[step] = (d0 * 12299 - ends + even) >> products;
    }
}

/* Samples less 128, row by row, to the block's DC and tokens. */
static inline void coded(int32_t *block, const int32_t *divisors, const float *reciprocals, Mcu *mcu, int at) {
    transformed(block, 1, 8, -1, 11);
    transformed(block, 8, 1, 2, 15);
    int16_t levels[64], ordered[64];
    for (int k = 0; k < 64; k++) { /* to the nearest, halves away from 0 */
        int32_t value = block[k], size = (value < 0 ? -value : value) + divisors[k] / 2;
        /* exact: (size + 1/2) / divisor is at least 1/4080 from a whole number, and size < 2^14 */
        int32_t level = (int32_t)(((float)size + 0.5f) * reciprocals[k]);
        levels[k] = (int16_t)(value < 0 ? -level : level);
    }
    for (int k = 0; k < 64; k++) ordered[k] = levels[zigzag[k]];
    mcu->dc[at] = levels[0];
    ordered[0] = 0;
    uint32_t *out = mcu->tokens[at];
    int run = -1; /* the mean is none of them */
    for (int from = 0; from < 64; from += 4) {
        uint64_t four;
        memcpy(&four, ordered + from, sizeof(four));
        if (!four) {
            run += 4;
            continue;
        }
        for (int k = from; k < from + 4; k++) {
            int level = ordered[k];
            if (!level) {
                run++;
                continue;
            }
            for (; run > 15; run -= 16) *out++ = 0xF0u << 16;
            int size = size_of(level);
            *out++ = (uint32_t)(run << 4 | size) << 16 | ((uint32_t)(level - (level < 0)) & ((1u << size) - 1));
            run = 0;
        }
    }
    if (run) *out++ = 0;
    mcu->counts[at] = (uint8_t)(out - mcu->tokens[at]);
}

/* A block that lies outside of the picture wholly: it is like the one before. */
static void empty(Mcu *mcu, int at) {
    mcu->dc[at] = mcu->dc[at - 1];
    mcu->tokens[at][0] = 0;
    mcu->counts[at] = 1;
}

/* Luma and both chromas of one pixel, rounded as the library's tables do. */
static inline int32_t luma_of(const uint8_t *p) { return (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16; }

enum { CHROMA_ZERO = (128 << 16) + 32767 };

static inline int32_t blue_of(const uint8_t *p) {
    return (32768 * p[2] - 11059 * p[0] - 21709 * p[1] + CHROMA_ZERO) >> 16;
}

static inline int32_t red_of(const uint8_t *p) {
    return (32768 * p[0] - 27439 * p[1] - 5329 * p[2] + CHROMA_ZERO) >> 16;
}

static inline Py_ssize_t at_most(Py_ssize_t value, Py_ssize_t most) { return value < most ? value : most; }

enum { SIDE = 16 };

/* Colours of an MCU's 16 by 16 pixels or fewer: luma, blue and red, less 128.  Those outside are like the last ones. */
typedef struct {
    int32_t values[3][SIDE * SIDE];
} Planes;

static inline void planes_of(const Layout *layout, const uint8_t *pixels, Py_ssize_t top, Py_ssize_t left,
                             Planes *planes) {
    uint8_t colours[SIDE * SIDE * 3];
    int rows = 8 * layout->down, columns = 8 * layout->across, channels = layout->channels;
    Py_ssize_t inside = at_most(layout->width - left, columns);
    for (int y = 0; y < rows; y++) {
        const uint8_t *from = pixels + (at_most(top + y, layout->height - 1) * layout->width + left) * channels;
        uint8_t *to = colours + y * columns * channels;
        memcpy(to, from, (size_t)(inside * channels));
        for (Py_ssize_t x = inside; x < columns; x++) memcpy(to + x * channels, to + (inside - 1) * channels, channels);
    }
    int many = rows * columns;
    for (int k = 0; k < many && channels == 1; k++) planes->values[0][k] = colours[k] - 128;
    for (int k = 0; k < many && channels == 3; k++) {
        planes->values[0][k] = luma_of(colours + 3 * k) - 128;
        planes->values[1][k] = blue_of(colours + 3 * k);
        planes->values[2][k] = red_of(colours + 3 * k);
    }
}

static inline void luma(const Layout *layout, const Planes *planes, int top, int left, Mcu *mcu, int at) {
    int32_t block[64];
    int pitch = 8 * layout->across;
    for (int y = 0; y < 8; y++) memcpy(block + 8 * y, planes->values[0] + (top + y) * pitch + left, 8 * sizeof(*block));
    coded(block, layout->divisors[0], layout->reciprocals[0], mcu, at);
}

/* Columns are repeated before they are averaged, rows (but for one of a pair) after it: so does the library.
   `rows`: of the averaged ones, how many are inside of the picture. */
static inline void chroma(const Layout *layout, const int32_t *plane, int rows, Mcu *mcu, int at) {
    int32_t block[64];
    int pitch = 8 * layout->across, next = layout->across - 1, below = (layout->down - 1) * pitch;
    for (int y = 0; y < 8; y++) {
        const int32_t *line = plane + (y < rows ? y : rows - 1) * layout->down * pitch;
        int32_t *to = block + 8 * y;
        if (below)
            for (int x = 0; x < 8; x++)
                to[x] = (line[2 * x] + line[2 * x + 1] + line[below + 2 * x] + line[below + 2 * x + 1] + 1 + x % 2) >> 2;
        else if (next)
            for (int x = 0; x < 8; x++) to[x] = (line[2 * x] + line[2 * x + 1] + x % 2) >> 1;
        else
            memcpy(to, line, 8 * sizeof(*to));
        for (int x = 0; x < 8; x++) to[x] -= 128;
    }
    coded(block, layout->divisors[1], layout->reciprocals[1], mcu, at);
}

/* Whole numbers alone, and every product exact: wider registers change no value. */
FLATTENED FOR_EACH_PROCESSOR
void mcu_of(const Layout *layout, const uint8_t *pixels, Py_ssize_t row, Py_ssize_t column, Mcu *mcu) {
    Py_ssize_t top = row * 8 * layout->down, left = column * 8 * layout->across;
    Planes planes;
    planes_of(layout, pixels, top, left, &planes);
    for (int k = 0; k < layout->luma; k++) {
        int y = k / layout->across * 8, x = k % layout->across * 8;
        if (top + y < layout->height && left + x < layout->width)
            luma(layout, &planes, y, x, mcu, k);
        else
            empty(mcu, k);
    }
    Py_ssize_t rows = (layout->height - top + layout->down - 1) / layout->down;
    for (int k = 1; k < layout->channels; k++)
        chroma(layout, planes.values[k], (int)at_most(rows, 8), mcu, layout->luma + k - 1);
}

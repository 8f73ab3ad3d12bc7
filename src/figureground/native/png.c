/* Depth's pixels filtered and in code, in pieces of rows; image/png16.py says what is right, docs/depth-png.md how. */
#include "png.h"
#include <stdlib.h>

enum { PIECE_WORDS = (15 * (2 * PIECE + 1) + 63) / 64 };

typedef struct {
    const uint16_t *values;
    Py_ssize_t height, width, across; /* in pixels; pieces a row */
} Picture;

static int picture_of(PyObject *object, Py_buffer *view, Picture *picture) {
    if (array_of(object, view, 2, 2, 0) < 0) return -1;
    picture->values = view->buf, picture->height = view->shape[0], picture->width = view->shape[1];
    picture->across = (picture->width + PIECE - 1) / PIECE;
    if (picture->height > 0 && picture->width > 0 && picture->height <= INT32_MAX && picture->width <= MOST_WIDTH)
        return 0;
    PyBuffer_Release(view);
    PyErr_SetString(PyExc_ValueError, "no PNG is made of such a picture");
    return -1;
}

/* Bytes less what Paeth's rule takes of the one to the left, above, and above left, each two bytes before the next. */
FOR_EACH_PROCESSOR
static void predicted(const uint8_t *restrict row, const uint8_t *restrict above, Py_ssize_t count,
                      uint8_t *restrict out) {
    for (Py_ssize_t k = 0; k < count; k++) {
        int16_t left = row[k - 2], up = above[k], corner = above[k - 2];
        int16_t to_left = (int16_t)(up - corner), to_above = (int16_t)(left - corner);
        int16_t to_corner = (int16_t)(to_left + to_above);
        to_left = (int16_t)(to_left < 0 ? -to_left : to_left);
        to_above = (int16_t)(to_above < 0 ? -to_above : to_above);
        to_corner = (int16_t)(to_corner < 0 ? -to_corner : to_corner);
        int16_t best = to_above <= to_corner ? up : corner;
        best = to_left <= to_above && to_left <= to_corner ? left : best;
        out[k] = (uint8_t)(row[k] - best);
    }
}

/* Filtered pixels `left` to `right` of a row, as in memory; `zeros`: a row of them. */
static void filtered(const Picture *picture, Py_ssize_t y, Py_ssize_t left, Py_ssize_t right, const uint16_t *zeros,
                     uint16_t *out) {
    const uint16_t *row = picture->values + y * picture->width, *above = y ? row - picture->width : zeros;
    if (!left) {
        const uint8_t *from = (const uint8_t *)row, *up = (const uint8_t *)above;
        uint8_t first[2] = {(uint8_t)(from[0] - up[0]), (uint8_t)(from[1] - up[1])};
        memcpy(out, first, 2);
        left++, out++;
    }
    if (left < right)
        predicted((const uint8_t *)(row + left), (const uint8_t *)(above + left), 2 * (right - left), (uint8_t *)out);
}

/* Which of `count` filtered pixels from `at` on, 32 at most, begin or go on with a run of FEWEST_RUN or more of those
   that are like the one before; pixels[at - 1] is read where `at` is not 0. */
static inline uint32_t runs_at(const uint16_t *pixels, Py_ssize_t at, int count) {
    uint8_t same[PIECE] = {0};
    uint32_t all = 0;
    if (count == PIECE && at)
        for (int k = 0; k < PIECE; k++) same[k] = pixels[at + k] == pixels[at + k - 1];
    else
        for (int k = !at; k < count; k++) same[k] = pixels[at + k] == pixels[at + k - 1];
    for (int k = 0; k < PIECE; k += 8) {
        uint64_t eight = 0;
        for (int i = 0; i < 8; i++) eight |= (uint64_t)same[k + i] << (8 * i);
        all |= (uint32_t)(eight * 0x0102040810204080u >> 56) << k; /* the lowest bit of each byte */
    }
    uint32_t thrice = all & all >> 1 & all >> 2;
    return thrice | thrice << 1 | thrice << 2;
}

static inline int zeros_below(uint32_t bits) { /* of some that are not 0 */
#if defined(__GNUC__)
    return __builtin_ctz(bits);
#else
    int count = 0;
    for (; !(bits & 1); bits >>= 1) count++;
    return count;
#endif
}

/* The pixels from `at` on, of `count`, before the next change of the bits of `runs`, or all that are left. */
static inline int stretch_at(uint32_t runs, int at, int count) {
    uint32_t left = (runs >> at & 1 ? ~runs : runs) >> at;
    int found = left ? zeros_below(left) : PIECE;
    return found < count - at ? found : count - at;
}

/* The bytes of a pixel in the order of the file. */
static inline int high_of(uint16_t pixel) { return pixel >> 8; }
static inline int low_of(uint16_t pixel) { return pixel & 255; }

/* Appends `count` pixels, at most 32, from `at` on. */
static inline void coded(const uint16_t *pixels, Py_ssize_t at, int count, const uint32_t *tokens, Bits *out) {
    uint32_t runs = runs_at(pixels, at, count);
    for (int k = 0; k < count;) {
        int end = k + stretch_at(runs, k, count);
        if (runs >> k & 1) {
            uint32_t token = tokens[RUNS + end - k];
            put(out, token >> 5, (int)(token & 31));
            k = end;
        }
        for (; k < end; k++) {
            uint32_t high = tokens[high_of(pixels[at + k])], low = tokens[low_of(pixels[at + k])];
            put(out, (uint64_t)(high >> 5) | (uint64_t)(low >> 5) << (high & 31), (int)((high & 31) + (low & 31)));
        }
    }
}

/* Sums of the bytes of pixels, and of those times how many bytes come from there on. */
static inline void summed(const uint16_t *pixels, int count, uint32_t *sums) {
    int32_t plain = 0, weighted = 0;
    for (int k = 0; k < count; k++) {
        int32_t high = high_of(pixels[k]), low = low_of(pixels[k]);
        plain += high + low;
        weighted += 2 * (count - k) * (high + low) - low;
    }
    sums[0] = (uint32_t)plain, sums[1] = (uint32_t)weighted;
}

/* Of so many bytes a part; freed by whoever takes it. */
typedef struct {
    uint64_t *words, *end, *most;
    uint16_t *bits;
    uint32_t *sums;
    uint16_t *lines; /* zeros and the filtered row, a picture's width each */
} Room;

static void room_freed(Room *room) {
    free(room->words);
    free(room->bits);
    free(room->sums);
    free(room->lines);
}

static int room_made(Room *room, const Picture *picture, Py_ssize_t pieces) {
    size_t words = (size_t)(pieces < 4096 ? pieces : 4096) * PIECE_WORDS;
    room->words = room->end = malloc((words + 1) * sizeof(*room->words));
    room->most = room->words + words;
    room->bits = malloc((size_t)(pieces + 1) * sizeof(*room->bits));
    room->sums = malloc((size_t)(pieces + 1) * 2 * sizeof(*room->sums));
    room->lines = calloc((size_t)picture->width * 2, sizeof(*room->lines));
    if (room->words && room->bits && room->sums && room->lines) return 0;
    PyErr_NoMemory();
    return -1;
}

/* Room for the words of so many pieces more. */
static int widened(Room *room, Py_ssize_t pieces) {
    size_t need = (size_t)pieces * PIECE_WORDS, used = (size_t)(room->end - room->words);
    if (need <= (size_t)(room->most - room->end)) return 0;
    size_t words = 2 * used + need;
    uint64_t *larger = realloc(room->words, words * sizeof(*larger));
    if (!larger) {
        PyErr_NoMemory();
        return -1;
    }
    room->words = larger, room->end = larger + used, room->most = larger + words;
    return 0;
}

/* The pieces first..last of a row, the first one of the row with the name of its filter. */
FOR_EACH_PROCESSOR
static void row_coded(const Picture *picture, Py_ssize_t y, Py_ssize_t first, Py_ssize_t last, const uint32_t *tokens,
                      Room *room, Py_ssize_t at) {
    Py_ssize_t begin = first * PIECE - (first > 0), end = last * PIECE;
    uint16_t *line = room->lines + picture->width;
    if (end > picture->width) end = picture->width;
    filtered(picture, y, begin, end, room->lines, line + begin);
    for (Py_ssize_t piece = first; piece < last; piece++, at++) {
        Py_ssize_t from = piece * PIECE, to = from + PIECE < end ? from + PIECE : end;
        Bits out = {room->end, 0, 0};
        uint32_t *sums = room->sums + 2 * at;
        summed(line + from, (int)(to - from), sums);
        if (!piece) {
            put(&out, tokens[PAETH] >> 5, (int)(tokens[PAETH] & 31));
            sums[0] += PAETH, sums[1] += (uint32_t)(PAETH * (1 + 2 * to));
        }
        coded(line, from, (int)(to - from), tokens, &out);
        room->bits[at] = (uint16_t)(64 * (out.end - room->end) + out.fill);
        if (out.fill) *out.end++ = out.bits;
        room->end = out.end;
    }
}

/* png_pieces(values, tokens, top, bottom, first, last): words, bits and sums of some pieces of uint16 values */
static PyObject *png_pieces(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *code, *found = NULL;
    Py_buffer values, tokens;
    Py_ssize_t top, bottom, first, last;
    Picture picture;
    Room room = {0};
    if (!PyArg_ParseTuple(args, "OOnnnn", &object, &code, &top, &bottom, &first, &last)) return NULL;
    if (picture_of(object, &values, &picture) < 0) return NULL;
    if (array_of(code, &tokens, 1, 4, 0) < 0) {
        PyBuffer_Release(&values);
        return NULL;
    }
    int lengths_right = tokens.shape[0] == TOKENS; /* none is longer than a piece has room for */
    for (int k = 0; lengths_right && k < TOKENS; k++)
        lengths_right = (((const uint32_t *)tokens.buf)[k] & 31) <= (k < RUNS ? 15u : 19u);
    if (!lengths_right || top < 0 || bottom < top || bottom > picture.height || first < 0 || last < first ||
        last > picture.across) {
        PyErr_SetString(PyExc_ValueError, "these are no tokens, or no pieces of the picture");
    } else if (!room_made(&room, &picture, (bottom - top) * (last - first))) {
        Py_ssize_t at = 0;
        for (; top < bottom && !widened(&room, last - first); top++, at += last - first)
            row_coded(&picture, top, first, last, tokens.buf, &room, at);
        if (top == bottom)
            found = Py_BuildValue("y#y#y#", (const char *)room.words, (room.end - room.words) * 8,
                                  (const char *)room.bits, at * 2, (const char *)room.sums, at * 8);
    }
    room_freed(&room);
    PyBuffer_Release(&tokens);
    PyBuffer_Release(&values);
    return found;
}

/* How often bytes and runs come; bytes in four tables, as the next one is often the same. */
typedef struct {
    int64_t bytes[4][256], runs[PIECE + 1];
} Counts;

FOR_EACH_PROCESSOR
static void row_counted(const uint16_t *pixels, Py_ssize_t width, Counts *counts) {
    for (Py_ssize_t at = 0; at < width; at += PIECE) {
        int count = width - at < PIECE ? (int)(width - at) : PIECE;
        uint32_t runs = runs_at(pixels, at, count);
        for (int k = 0; k < count;) {
            int end = k + stretch_at(runs, k, count);
            if (runs >> k & 1) counts->runs[end - k]++, k = end;
            for (; k < end; k++) {
                counts->bytes[k & 1][high_of(pixels[at + k])]++;
                counts->bytes[2 + (k & 1)][low_of(pixels[at + k])]++;
            }
        }
    }
}

/* png_counts(values): how often each symbol comes in a picture, int64 (SYMBOLS,) */
static PyObject *png_counts(PyObject *self, PyObject *object) {
    (void)self;
    PyObject *found = NULL;
    Py_buffer values;
    Picture picture;
    Room room = {0};
    Counts counts = {0};
    if (picture_of(object, &values, &picture) < 0) return NULL;
    if (!room_made(&room, &picture, 0)) {
        uint16_t *line = room.lines + picture.width;
        int64_t all[SYMBOLS] = {0};
        for (Py_ssize_t y = 0; y < picture.height; y++) {
            filtered(&picture, y, 0, picture.width, room.lines, line);
            row_counted(line, picture.width, &counts);
        }
        for (int k = 0; k < 4 * 256; k++) all[k % 256] += counts.bytes[k / 256][k % 256];
        for (int k = FEWEST_RUN; k <= PIECE; k++) {
            uint32_t extra;
            int bits;
            all[run_symbol(k, &extra, &bits)] += counts.runs[k];
        }
        all[PAETH] += picture.height, all[END]++;
        found = PyBytes_FromStringAndSize((const char *)all, sizeof(all));
    }
    PyBuffer_Release(&values);
    room_freed(&room);
    return found;
}

/* png_differing(values, base, top, bottom, left, right): the (top, bottom, left, right) of what differs there, or 0s */
static PyObject *png_differing(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *other, *found = NULL;
    Py_buffer values, base;
    Picture one, two;
    Py_ssize_t top, bottom, left, right, box[4] = {0, 0, 0, 0};
    if (!PyArg_ParseTuple(args, "OOnnnn", &object, &other, &top, &bottom, &left, &right)) return NULL;
    if (picture_of(object, &values, &one) < 0) return NULL;
    if (picture_of(other, &base, &two) < 0) {
        PyBuffer_Release(&values);
        return NULL;
    }
    if (one.height != two.height || one.width != two.width || top < 0 || bottom > one.height || left < 0 ||
        right > one.width) {
        PyErr_SetString(PyExc_ValueError, "the pictures are not of one size, or the box not in them");
    } else {
        Py_ssize_t least = right, most = left;
        for (Py_ssize_t y = top; y < bottom && left < right; y++) {
            const uint16_t *a = one.values + y * one.width, *b = two.values + y * one.width;
            if (!memcmp(a + left, b + left, (size_t)(right - left) * 2)) continue;
            if (!box[1]) box[0] = y;
            box[1] = y + 1;
            Py_ssize_t from = left, to = right;
            while (from < least && a[from] == b[from]) from++;
            while (to > most && a[to - 1] == b[to - 1]) to--;
            least = from, most = to;
        }
        if (box[1]) box[2] = least, box[3] = most;
        found = Py_BuildValue("nnnn", box[0], box[1], box[2], box[3]);
    }
    PyBuffer_Release(&base);
    PyBuffer_Release(&values);
    return found;
}

PyMethodDef png_methods[] = {{"png_counts", png_counts, METH_O, NULL},
                             {"png_differing", png_differing, METH_VARARGS, NULL},
                             {"png_pieces", png_pieces, METH_VARARGS, NULL},
                             {NULL, NULL, 0, NULL}};

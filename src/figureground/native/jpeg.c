/* A JPEG that keeps what it shares with its background; samples/jpeg_splice.py holds it to Pillow, docs/jpeg-splice.md says how. */
#include "jpeg.h"
#include <stdlib.h>

enum { MOST_SIDE = 65500, MOST_PIXELS = 1 << 26, MOST_HEADER = 2048, BITS_TOKEN = 26, BITS_DC = 27 };
static const char *const CAPSULE = "figureground.jpeg";

/* Blocks in the order of the file: tokens[starts[k]] .. tokens[starts[k + 1]] are those of block k. */
typedef struct {
    size_t blocks, room; /* room: for so many tokens; starts and dc have theirs from the beginning */
    int16_t *dc;
    uint32_t *starts, *tokens;
} Blocks;

typedef struct {
    Layout layout;
    uint8_t quantised[2][64];
    Blocks blocks;
    int64_t counts[2][256]; /* how often each AC symbol comes, in luma and chroma */
} Background;

static void blocks_freed(Blocks *blocks) {
    free(blocks->dc);
    free(blocks->starts);
    free(blocks->tokens);
}

/* Room for so many blocks; 0, or -1 with an exception set.  Free it in either case. */
static int blocks_begun(Blocks *blocks, size_t most) {
    blocks->blocks = 0, blocks->room = 16 * most + MOST_BLOCKS * MOST_TOKENS;
    blocks->dc = malloc((most + 1) * sizeof(*blocks->dc));
    blocks->starts = calloc(most + 1, sizeof(*blocks->starts));
    blocks->tokens = malloc(blocks->room * sizeof(*blocks->tokens));
    if (blocks->dc && blocks->starts && blocks->tokens) return 0;
    PyErr_NoMemory();
    return -1;
}

/* Makes sure that there is room for the tokens of one more MCU; 0, or -1 with an exception set. */
static int blocks_have_room(Blocks *blocks) {
    size_t room = 2 * blocks->room;
    if (blocks->starts[blocks->blocks] + MOST_BLOCKS * MOST_TOKENS <= blocks->room) return 0;
    uint32_t *larger = realloc(blocks->tokens, room * sizeof(*larger));
    if (!larger) {
        PyErr_NoMemory();
        return -1;
    }
    blocks->tokens = larger, blocks->room = room;
    return 0;
}

static int blocks_added(Blocks *blocks, const Mcu *mcu, int count) {
    if (blocks_have_room(blocks) < 0) return -1;
    size_t used = blocks->starts[blocks->blocks];
    for (int k = 0; k < count; k++) {
        memcpy(blocks->tokens + used, mcu->tokens[k], mcu->counts[k] * sizeof(uint32_t));
        used += mcu->counts[k];
        blocks->dc[blocks->blocks++] = mcu->dc[k];
        blocks->starts[blocks->blocks] = (uint32_t)used;
    }
    return 0;
}

/* The same for an MCU of other blocks, whose first one is `first`. */
static int blocks_taken_over(Blocks *blocks, const Blocks *from, size_t first, int count) {
    if (blocks_have_room(blocks) < 0) return -1;
    uint32_t start = from->starts[first], used = blocks->starts[blocks->blocks];
    memcpy(blocks->tokens + used, from->tokens + start, (from->starts[first + (size_t)count] - start) * sizeof(uint32_t));
    memcpy(blocks->dc + blocks->blocks, from->dc + first, (size_t)count * sizeof(*from->dc));
    for (int k = 1; k <= count; k++) blocks->starts[++blocks->blocks] = used + from->starts[first + (size_t)k] - start;
    return 0;
}

/* A box of MCUs: rows top to bottom, columns left to right, the last ones excluded. */
typedef struct {
    Py_ssize_t top, bottom, left, right;
} Box;

/* Tells whether two pictures are alike in an MCU. */
static int alike(const Layout *layout, const uint8_t *one, const uint8_t *other, Py_ssize_t row, Py_ssize_t column) {
    Py_ssize_t high = 8 * layout->down, wide = 8 * layout->across, top = row * high, left = column * wide;
    Py_ssize_t rows = layout->height - top < high ? layout->height - top : high;
    Py_ssize_t columns = layout->width - left < wide ? layout->width - left : wide;
    for (Py_ssize_t y = 0; y < rows; y++) {
        Py_ssize_t at = ((top + y) * layout->width + left) * layout->channels;
        if (memcmp(one + at, other + at, (size_t)(columns * layout->channels))) return 0;
    }
    return 1;
}

/* Codes the MCUs of a box, but for those that are like the background's: their blocks are taken over. */
static int coded(const Layout *layout, const uint8_t *pixels, Box box, const uint8_t *others, const Blocks *background,
                 Blocks *blocks) {
    Mcu mcu;
    size_t most = (size_t)(box.bottom - box.top) * (size_t)(box.right - box.left) * (size_t)layout->blocks;
    if (blocks_begun(blocks, most) < 0) return -1;
    for (Py_ssize_t row = box.top; row < box.bottom; row++)
        for (Py_ssize_t column = box.left; column < box.right; column++) {
            if (others && alike(layout, pixels, others, row, column)) {
                size_t first = (size_t)(row * layout->columns + column) * (size_t)layout->blocks;
                if (blocks_taken_over(blocks, background, first, layout->blocks) < 0) return -1;
                continue;
            }
            mcu_of(layout, pixels, row, column, &mcu);
            if (blocks_added(blocks, &mcu, layout->blocks) < 0) return -1;
        }
    return 0;
}

/* Adds so many times how often each AC symbol comes in some blocks, of which the first is the first of an MCU. */
static void counted(const Layout *layout, const Blocks *blocks, size_t from, size_t to, int times,
                    int64_t counts[2][256]) {
    for (size_t k = from; k < to; k++) {
        int64_t *of = counts[(int)(k % (size_t)layout->blocks) >= layout->luma];
        for (size_t i = blocks->starts[k]; i < blocks->starts[k + 1]; i++) of[blocks->tokens[i] >> 16] += times;
    }
}

static int laid_out(Background *made, const Py_buffer *pixels, int quality, int across, int down) {
    Layout *layout = &made->layout;
    Py_ssize_t height = pixels->shape[0], width = pixels->shape[1], channels = pixels->shape[2];
    if (height < 1 || width < 1 || height > MOST_SIDE || width > MOST_SIDE || height > MOST_PIXELS / width ||
        (channels != 1 && channels != 3) || quality < 1 || quality > 100 || across < 1 || across > 2 || down < 1 ||
        down > across || (channels == 1 && across > 1)) {
        PyErr_SetString(PyExc_ValueError, "no JPEG is made of such a picture, or so");
        return -1;
    }
    layout->height = height, layout->width = width, layout->channels = (int)channels;
    layout->across = across, layout->down = down, layout->luma = across * down;
    layout->blocks = layout->luma + (channels == 3 ? 2 : 0);
    layout->rows = (height + 8 * down - 1) / (8 * down), layout->columns = (width + 8 * across - 1) / (8 * across);
    for (int chroma = 0; chroma < 2; chroma++) {
        quantisation(chroma, quality, made->quantised[chroma]);
        for (int k = 0; k < 64; k++) {
            layout->divisors[chroma][k] = 8 * made->quantised[chroma][k];
            layout->reciprocals[chroma][k] = 1.0f / (float)layout->divisors[chroma][k];
        }
    }
    return 0;
}

static void background_freed(PyObject *capsule) {
    Background *made = PyCapsule_GetPointer(capsule, CAPSULE);
    if (made) blocks_freed(&made->blocks);
    free(made);
}

/* jpeg_begin(pixels, quality, across, down): what is kept of a background, and the bytes that it takes.
   pixels uint8 (height, width, 1 or 3); chroma has one value for (across, down) pixels: (1, 1), (2, 1) or (2, 2) */
static PyObject *jpeg_begin(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *object, *capsule = NULL;
    Py_buffer pixels;
    int quality, across, down;
    if (!PyArg_ParseTuple(args, "Oiii", &object, &quality, &across, &down)) return NULL;
    Background *made = calloc(1, sizeof(*made));
    if (!made) return PyErr_NoMemory();
    if (array_of(object, &pixels, 3, 1, 0) < 0) {
        free(made);
        return NULL;
    }
    size_t bytes = 0;
    if (!laid_out(made, &pixels, quality, across, down) &&
        !coded(&made->layout, pixels.buf, (Box){0, made->layout.rows, 0, made->layout.columns}, NULL, NULL,
               &made->blocks)) {
        Blocks *blocks = &made->blocks;
        size_t used = blocks->starts[blocks->blocks];
        uint32_t *smaller = realloc(blocks->tokens, (used ? used : 1) * sizeof(*smaller));
        if (smaller) blocks->tokens = smaller, blocks->room = used;
        bytes = sizeof(*made) + blocks->room * sizeof(*blocks->tokens) + blocks->blocks * 6;
        counted(&made->layout, blocks, 0, blocks->blocks, 1, made->counts);
        capsule = PyCapsule_New(made, CAPSULE, background_freed);
    }
    PyBuffer_Release(&pixels);
    if (!capsule) {
        blocks_freed(&made->blocks);
        free(made);
        return NULL;
    }
    return Py_BuildValue("Nn", capsule, (Py_ssize_t)bytes);
}

/* The bytes of the file, and the bits that wait for their byte: the lowest `held` of `bits`. */
typedef struct {
    uint8_t *end;
    uint64_t bits;
    int held;
} Out;

static inline void byte_out(Out *out, uint8_t byte) {
    *out->end++ = byte;
    if (byte == 0xFF) *out->end++ = 0; /* so that it begins no marker */
}

static inline void put(Out *out, uint32_t bits, int count) {
    out->bits = out->bits << count | bits, out->held += count;
    if (out->held < 32) return;
    out->held -= 32;
    uint32_t word = (uint32_t)(out->bits >> out->held), zeros = ~word;
    if ((zeros - 0x01010101u) & ~zeros & 0x80808080u) { /* one of its bytes is 255, perhaps */
        for (int shift = 24; shift >= 0; shift -= 8) byte_out(out, (uint8_t)(word >> shift));
    } else {
        for (int k = 0; k < 4; k++) out->end[k] = (uint8_t)(word >> (24 - 8 * k));
        out->end += 4;
    }
}

static void flush(Out *out) {
    while (out->held % 8) out->bits = out->bits << 1 | 1, out->held++;
    for (; out->held > 0; out->held -= 8) byte_out(out, (uint8_t)(out->bits >> (out->held - 8)));
}

static void raw(Out *out, const void *bytes, size_t count) {
    memcpy(out->end, bytes, count);
    out->end += count;
}

/* A marker's segment begins: its two bytes, and how many follow. */
static void segment(Out *out, int marker, int count) {
    uint8_t bytes[4] = {0xFF, (uint8_t)marker, (uint8_t)((count + 2) >> 8), (uint8_t)(count + 2)};
    raw(out, bytes, 4);
}

/* Tables: [chroma][ac] */
static void header(Out *out, const Background *made, Huffman tables[2][2]) {
    const Layout *at = &made->layout;
    int kinds = at->channels == 3 ? 2 : 1, components = at->channels;
    raw(out, "\xFF\xD8", 2);
    segment(out, 0xE0, 14);
    raw(out, "JFIF\0\1\1\0\0\1\0\1\0\0", 14);
    for (uint8_t kind = 0; kind < kinds; kind++) {
        segment(out, 0xDB, 65);
        *out->end++ = kind;
        for (int k = 0; k < 64; k++) *out->end++ = made->quantised[kind][zigzag[k]];
    }
    uint8_t frame[6] = {8, (uint8_t)(at->height >> 8), (uint8_t)at->height, (uint8_t)(at->width >> 8),
                        (uint8_t)at->width, (uint8_t)components};
    segment(out, 0xC0, 6 + 3 * components);
    raw(out, frame, 6);
    for (int k = 0; k < components; k++) {
        uint8_t one[3] = {(uint8_t)(k + 1), k ? 0x11 : (uint8_t)(at->across << 4 | at->down), k > 0};
        raw(out, one, 3);
    }
    for (int kind = 0; kind < kinds; kind++)
        for (int ac = 0; ac < 2; ac++) {
            const Huffman *table = &tables[kind][ac];
            int symbols = 0;
            for (int k = 1; k <= 16; k++) symbols += table->counts[k];
            segment(out, 0xC4, 17 + symbols);
            *out->end++ = (uint8_t)(ac << 4 | kind);
            raw(out, table->counts + 1, 16);
            raw(out, table->symbols, (size_t)symbols);
        }
    segment(out, 0xDA, 4 + 2 * components);
    *out->end++ = (uint8_t)components;
    for (int k = 0; k < components; k++) {
        uint8_t one[2] = {(uint8_t)(k + 1), k ? 0x11 : 0};
        raw(out, one, 2);
    }
    raw(out, "\0\x3F\0", 3);
}

/* A composite: its background but for a box of MCUs, whose blocks are `fresh`. */
typedef struct {
    const Background *background;
    Box box;
    Blocks fresh;
} Composite;

/* The blocks that hold an MCU, and its first one there. */
static inline const Blocks *found(const Composite *one, Py_ssize_t row, Py_ssize_t column, size_t *first) {
    const Layout *layout = &one->background->layout;
    const Box *box = &one->box;
    int inside = row >= box->top && row < box->bottom && column >= box->left && column < box->right;
    Py_ssize_t at = inside ? (row - box->top) * (box->right - box->left) + column - box->left
                           : row * layout->columns + column;
    *first = (size_t)at * (size_t)layout->blocks;
    return inside ? &one->fresh : &one->background->blocks;
}

/* Goes through all blocks: writes them by the tables, or counts the DC symbols where `out` is NULL. */
static void scanned(const Composite *one, Huffman tables[2][2], Out *out, int64_t dc_counts[2][257]) {
    const Layout *layout = &one->background->layout;
    int before[3] = {0, 0, 0};
    Out local = {0}; /* the compiler keeps it in registers */
    if (out) local = *out;
    for (Py_ssize_t row = 0; row < layout->rows; row++)
        for (Py_ssize_t column = 0; column < layout->columns; column++) {
            size_t first;
            const Blocks *blocks = found(one, row, column, &first);
            for (int k = 0; k < layout->blocks; k++) {
                size_t at = first + (size_t)k;
                int component = k < layout->luma ? 0 : k - layout->luma + 1, chroma = component > 0;
                int step = blocks->dc[at] - before[component], size = size_of(step);
                before[component] = blocks->dc[at];
                if (!out) {
                    dc_counts[chroma][size]++;
                    continue;
                }
                uint32_t code = tables[chroma][0].codes[size];
                uint32_t rest = (uint32_t)(step - (step < 0)) & ((1u << size) - 1);
                put(&local, code >> 8 << size | rest, (int)(code & 255) + size);
                const uint32_t *codes = tables[chroma][1].codes;
                for (uint32_t i = blocks->starts[at]; i < blocks->starts[at + 1]; i++) {
                    uint32_t token = blocks->tokens[i], more = token >> 16 & 15;
                    code = codes[token >> 16];
                    put(&local, code >> 8 << more | (token & 0xFFFF), (int)((code & 255) + more));
                }
            }
        }
    if (out) *out = local;
}

static void best_tables(const Composite *one, Huffman tables[2][2]) {
    const Background *made = one->background;
    const Layout *layout = &made->layout;
    int64_t ac[2][256], padded[257], dc[2][257] = {{0}, {0}};
    memcpy(ac, made->counts, sizeof(ac));
    for (Py_ssize_t row = one->box.top; row < one->box.bottom && one->box.left < one->box.right; row++) {
        size_t blocks = (size_t)layout->blocks, from = (size_t)(row * layout->columns + one->box.left) * blocks;
        counted(layout, &made->blocks, from, from + (size_t)(one->box.right - one->box.left) * blocks, -1, ac);
    }
    counted(layout, &one->fresh, 0, one->fresh.blocks, 1, ac);
    scanned(one, tables, NULL, dc);
    for (int chroma = 0; chroma < (layout->channels == 3 ? 2 : 1); chroma++) {
        optimal_table(dc[chroma], &tables[chroma][0]);
        memcpy(padded, ac[chroma], sizeof(ac[chroma]));
        optimal_table(padded, &tables[chroma][1]);
    }
}

static PyObject *written(const Composite *one, int optimise) {
    const Background *made = one->background;
    const Blocks *kept = &made->blocks, *fresh = &one->fresh;
    Huffman tables[2][2];
    for (int k = 0; k < 4; k++) standard_table(k / 2, k % 2, &tables[k / 2][k % 2]);
    if (optimise) best_tables(one, tables);
    size_t tokens = (size_t)kept->starts[kept->blocks] + fresh->starts[fresh->blocks];
    /* each byte may need a second one */
    size_t most = MOST_HEADER + 2 * ((tokens * BITS_TOKEN + (kept->blocks + fresh->blocks) * BITS_DC) / 8 + 8);
    uint8_t *bytes = malloc(most);
    if (!bytes) return PyErr_NoMemory();
    Out out = {bytes, 0, 0};
    header(&out, made, tables);
    scanned(one, tables, &out, NULL);
    flush(&out);
    raw(&out, "\xFF\xD9", 2);
    PyObject *found = PyBytes_FromStringAndSize((const char *)bytes, out.end - bytes);
    free(bytes);
    return found;
}

static int is_of(const Layout *layout, const Py_buffer *pixels) {
    return pixels->shape[0] == layout->height && pixels->shape[1] == layout->width &&
           pixels->shape[2] == layout->channels;
}

/* jpeg_changed(background, its pixels, pixels, top, bottom, left, right, optimise): the whole file of a picture of the size
   of the background that may differ from it in rows top to bottom and columns left to right, the last ones excluded */
static PyObject *jpeg_changed(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule, *objects[2], *found = NULL;
    Py_buffer others, pixels;
    Box box;
    int optimise;
    if (!PyArg_ParseTuple(args, "OOOnnnnp", &capsule, objects, objects + 1, &box.top, &box.bottom, &box.left,
                          &box.right, &optimise))
        return NULL;
    const Background *made = PyCapsule_GetPointer(capsule, CAPSULE);
    if (!made || array_of(objects[0], &others, 3, 1, 0) < 0) return NULL;
    if (array_of(objects[1], &pixels, 3, 1, 0) < 0) {
        PyBuffer_Release(&others);
        return NULL;
    }
    const Layout *layout = &made->layout;
    if (!is_of(layout, &others) || !is_of(layout, &pixels) || box.top < 0 || box.bottom < box.top ||
        box.bottom > layout->height || box.left < 0 || box.right < box.left || box.right > layout->width) {
        PyErr_SetString(PyExc_ValueError, "the picture is not of the background's size, or the box not in it");
    } else {
        Composite one = {made, {0, 0, 0, 0}, {0}};
        if (box.top < box.bottom && box.left < box.right) {
            Py_ssize_t high = 8 * layout->down, wide = 8 * layout->across;
            one.box = (Box){box.top / high, (box.bottom - 1) / high + 1, box.left / wide, (box.right - 1) / wide + 1};
        }
        if (!coded(layout, pixels.buf, one.box, others.buf, &made->blocks, &one.fresh)) found = written(&one, optimise);
        blocks_freed(&one.fresh);
    }
    PyBuffer_Release(&pixels);
    PyBuffer_Release(&others);
    return found;
}

PyMethodDef jpeg_methods[] = {{"jpeg_begin", jpeg_begin, METH_VARARGS, NULL},
                              {"jpeg_changed", jpeg_changed, METH_VARARGS, NULL},
                              {NULL, NULL, 0, NULL}};

/* Huffman's code of a picture and how a deflate stream tells it; image/deflate.py says what is right. */
#include "png.h"

enum { MOST_BITS = 15, NODES = 2 * SYMBOLS };

/* Tells whether all counts together have room in 64 bits, and one bit more. */
static int have_room(const int64_t *counts) {
    int64_t left = INT64_MAX / 2 - SYMBOLS;
    for (int k = 0; k < SYMBOLS; k++) {
        if (counts[k] > left) return 0;
        if (counts[k] > 0) left -= counts[k];
    }
    return 1;
}

static uint32_t reversed(uint32_t value, int bits) {
    uint32_t found = 0;
    for (int k = 0; k < bits; k++) found |= (value >> k & 1) << (bits - 1 - k);
    return found;
}

/* How deep each of `count` leaves of ascending weights, in nodes[0..count), lies; returns the deepest. */
static int depths_of(int64_t *nodes, int count, int *depths) {
    int parents[NODES], leaf = 0, joint = count, deepest = 0, root = 2 * count - 2;
    for (int made = count; made <= root; made++) {
        nodes[made] = 0;
        for (int k = 0; k < 2; k++) {
            int taken = leaf < count && (joint == made || nodes[leaf] <= nodes[joint]) ? leaf++ : joint++;
            parents[taken] = made;
            nodes[made] += nodes[taken];
        }
    }
    depths[root] = 0;
    for (int node = root - 1; node >= 0; node--) {
        depths[node] = depths[parents[node]] + 1;
        if (depths[node] > deepest) deepest = depths[node];
    }
    return deepest;
}

/* Whether a symbol may come at all. */
static int used(int symbol) {
    uint32_t extra;
    int bits;
    if (symbol <= END) return 1;
    for (int pixels = FEWEST_RUN; pixels <= PIECE; pixels++)
        if (run_symbol(pixels, &extra, &bits) == symbol) return 1;
    return 0;
}

static void lengths_of(const int64_t *counts, uint32_t *lengths) {
    int64_t left[SYMBOLS], nodes[NODES];
    int symbols[SYMBOLS], order[SYMBOLS], depths[NODES], many = 0;
    for (int k = 0; k < SYMBOLS; k++) {
        lengths[k] = 0;
        if (used(k)) left[many] = counts[k] > 1 ? counts[k] : 1, symbols[many++] = k;
    }
    for (;;) {
        for (int k = 0; k < many; k++) { /* equal ones stay in order */
            int at = k;
            for (; at > 0 && left[order[at - 1]] > left[k]; at--) order[at] = order[at - 1];
            order[at] = k;
        }
        for (int k = 0; k < many; k++) nodes[k] = left[order[k]];
        if (depths_of(nodes, many, depths) <= MOST_BITS) break;
        for (int k = 0; k < many; k++) left[k] = (left[k] + 1) / 2;
    }
    for (int k = 0; k < many; k++) lengths[symbols[order[k]]] = (uint32_t)depths[k];
}

static void codes_of(const uint32_t *lengths, uint32_t *codes) {
    uint32_t code = 0;
    for (uint32_t length = 1; length <= MOST_BITS; length++, code <<= 1)
        for (int k = 0; k < SYMBOLS; k++)
            if (lengths[k] == length) codes[k] = reversed(code++, (int)length);
}

static void tokens_of(const uint32_t *lengths, const uint32_t *codes, uint32_t *tokens) {
    memset(tokens, 0, TOKENS * sizeof(*tokens));
    for (int k = 0; k <= END; k++) tokens[k] = codes[k] << 5 | lengths[k];
    for (int pixels = FEWEST_RUN; pixels <= PIECE; pixels++) {
        uint32_t extra;
        int bits, symbol = run_symbol(pixels, &extra, &bits);
        uint32_t size = lengths[symbol] + (uint32_t)bits;
        /* of two codes of one bit for distances, the second says 2 bytes */
        tokens[RUNS + pixels] = (codes[symbol] | extra << lengths[symbol] | 1u << size) << 5 | (size + 1);
    }
}

/* Writes what comes before the first token; returns how many bits. */
static int header_of(const uint32_t *lengths, uint64_t *words) {
    Bits out = {words, 0, 0};
    put(&out, 0x0178, 16); /* zlib's two bytes */
    put(&out, 1, 1);       /* the last block */
    put(&out, 2, 2);       /* it tells its codes */
    put(&out, SYMBOLS - 257, 5);
    put(&out, 1, 5);  /* two distances */
    put(&out, 15, 4); /* the lengths of all 19 codes that tell lengths: four bits for 0 to 15, no repetitions */
    for (int k = 0; k < 19; k++) put(&out, k < 3 ? 0 : 4, 3);
    for (int k = 0; k < SYMBOLS + 2; k++) put(&out, reversed(k < SYMBOLS ? lengths[k] : 1, 4), 4);
    int bits = 64 * (int)(out.end - words) + out.fill;
    if (out.fill) *out.end++ = out.bits;
    return bits;
}

/* deflate_code(counts): the tokens uint32 (TOKENS,), header uint64 and its bits of counts int64 (SYMBOLS,) */
static PyObject *deflate_code(PyObject *self, PyObject *object) {
    (void)self;
    Py_buffer counts;
    uint32_t lengths[SYMBOLS], codes[SYMBOLS] = {0}, tokens[TOKENS];
    uint64_t header[32];
    if (array_of(object, &counts, 1, 8, 0) < 0) return NULL;
    if (counts.shape[0] != SYMBOLS || !have_room(counts.buf)) {
        PyBuffer_Release(&counts);
        PyErr_SetString(PyExc_ValueError, "a count of each symbol is wanted, and none that no picture has");
        return NULL;
    }
    lengths_of(counts.buf, lengths);
    PyBuffer_Release(&counts);
    codes_of(lengths, codes);
    tokens_of(lengths, codes, tokens);
    int bits = header_of(lengths, header);
    return Py_BuildValue("y#y#i", (const char *)tokens, (Py_ssize_t)sizeof(tokens), (const char *)header,
                         (Py_ssize_t)((bits + 63) / 64 * 8), bits);
}

PyMethodDef deflate_methods[] = {{"deflate_code", deflate_code, METH_O, NULL}, {NULL, NULL, 0, NULL}};

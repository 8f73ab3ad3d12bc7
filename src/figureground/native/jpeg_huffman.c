/* Huffman tables of a baseline JPEG: those that T.81 proposes, and the best for a picture. */
#include "jpeg.h"

/* Gives each symbol its code: lengths ascend, and codes of a length count up (T.81, C.1 and C.2). */
static void numbered(Huffman *table) {
    uint32_t code = 0;
    int k = 0;
    memset(table->codes, 0, sizeof(table->codes));
    for (uint32_t length = 1; length <= 16; length++, code <<= 1)
        for (int i = 0; i < table->counts[length]; i++) table->codes[table->symbols[k++]] = code++ << 8 | length;
}

/* T.81, tables K.3 to K.6: how many codes have 1, 2, .. 16 bits, and their symbols */
static const uint8_t lengths[4][16] = {{0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0},
                                       {0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0},
                                       {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125},
                                       {0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119}};

/* Symbols of AC in the tables' order up to their longest codes, which take all others in ascending order. */
static const uint8_t first_ac[2][48] = {
    {0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
     0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
     0x82},
    {0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
     0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
     0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1}};

void standard_table(int chroma, int ac, Huffman *table) {
    int count = 0, listed = chroma ? 43 : 37;
    memcpy(table->counts + 1, lengths[2 * ac + chroma], 16);
    if (!ac) {
        for (; count < 12; count++) table->symbols[count] = (uint8_t)count;
    } else {
        uint8_t taken[256] = {0};
        for (; count < listed; count++) taken[table->symbols[count] = first_ac[chroma][count]] = 1;
        for (int symbol = 1; symbol < 256; symbol++)
            if (symbol % 16 >= 1 && symbol % 16 <= 10 && !taken[symbol]) table->symbols[count++] = (uint8_t)symbol;
    }
    numbered(table);
}

/* The places in `left` of the two symbols that come least often, the last of several first; second -1: there is one. */
static void rarest(const int64_t *counts, const int *left, int many, int *first, int *second) {
    *first = 0, *second = -1;
    for (int k = 1; k < many; k++) {
        if (counts[left[k]] <= counts[left[*first]])
            *second = *first, *first = k;
        else if (*second < 0 || counts[left[k]] <= counts[left[*second]])
            *second = k;
    }
}

/* T.81, figure K.3: no code may be longer than 16 bits.  The shape of the tree before it is at most 256 deep. */
static void shortened(int *of_length, int longest) {
    for (int length = longest; length > 16; length--)
        while (of_length[length] > 0) {
            int shorter = length - 2;
            while (!of_length[shorter]) shorter--;
            of_length[length] -= 2, of_length[length - 1]++;
            of_length[shorter + 1] += 2, of_length[shorter]--;
        }
}

void optimal_table(int64_t counts[257], Huffman *table) {
    int size[257] = {0}, next[257], of_length[260] = {0}, left[257], many = 0, count = 0;
    int length = 16, longest = 0;
    memset(next, -1, sizeof(next));
    counts[256] = 1; /* takes the code of ones, which is not allowed */
    for (int k = 0; k <= 256; k++)
        if (counts[k]) left[many++] = k;
    while (many > 1) {
        int first, second;
        rarest(counts, left, many, &first, &second);
        int into = left[first], from = left[second];
        counts[into] += counts[from];
        memmove(left + second, left + second + 1, (size_t)(--many - second) * sizeof(*left));
        int end = into;
        for (size[end]++; next[end] >= 0; size[end]++) end = next[end];
        next[end] = from;
        for (end = from; end >= 0; end = next[end]) size[end]++;
    }
    for (int k = 0; k <= 256; k++)
        if (size[k]) of_length[size[k]]++, longest = size[k] > longest ? size[k] : longest;
    shortened(of_length, longest);
    while (!of_length[length]) length--;
    of_length[length]--;
    for (int k = 1; k <= 16; k++) table->counts[k] = (uint8_t)of_length[k];
    for (int bits = 1; bits <= longest; bits++)
        for (int k = 0; k < 256; k++)
            if (size[k] == bits) table->symbols[count++] = (uint8_t)k;
    numbered(table);
}

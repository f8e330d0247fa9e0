/* Cuts as they travel: one less than the number of bits that a parity covers, in as few bits as the last place needs,
 * one after the other, the lowest bit first; unused bits of the last byte are zero. */
#pragma once
#include "words.h"

static inline unsigned cut_bits(size_t n_places)
{
    return 64 - (unsigned)__builtin_clzll(n_places - 1);
}

typedef struct {
    uint8_t *at;
    uint64_t word;
    unsigned fill, width; /* bits in `word` that are not written yet; of a cut, at most 31 */
} cut_writer;

/* Whole words of 4 bytes are written: there is room for one more than it takes. */
static inline void put_cut(cut_writer *w, uint32_t cut)
{
    w->word |= (uint64_t)(cut - 1) << w->fill;
    w->fill += w->width;
    uint32_t full = (uint32_t)w->word;
    memcpy(w->at, &full, sizeof full);
    unsigned done = w->fill & 32;
    w->at += done / 8;
    w->word >>= done;
    w->fill -= done;
}

static inline void put_last_cut(cut_writer *w)
{
    uint32_t rest = (uint32_t)w->word;
    memcpy(w->at, &rest, sizeof rest);
}

typedef struct {
    const uint8_t *bytes;
    size_t n_bytes;
    unsigned width;
} packed_cuts;

/* One less than cut `i`. */
static inline uint32_t place_before(const packed_cuts *cuts, size_t i)
{
    uint64_t bit = (uint64_t)i * cuts->width;
    size_t byte = bit >> 3, there = cuts->n_bytes - byte;
    uint64_t word = there >= 8 ? load_word(cuts->bytes + byte) : load_tail(cuts->bytes + byte, there);
    return (uint32_t)(word >> (bit & 7) & (((uint64_t)1 << cuts->width) - 1));
}

/* Whether as many bytes as `n` cuts take, and the unused bits zero. */
static inline int holds(const packed_cuts *cuts, size_t n)
{
    if (n > 8 * (uint64_t)cuts->n_bytes || cuts->n_bytes != bytes_for(n * cuts->width))
        return 0;
    unsigned used = n * cuts->width & 7;
    return !used || !(cuts->bytes[cuts->n_bytes - 1] >> used);
}

#include "cascade_tell/cascade_tell.h"

#include "cascade_tell/packed_cuts.h"
#include "kernels.h"

enum { TOGETHER = 32 };

static inline void prefetch(const uint8_t *prefix, const uint8_t *told, size_t n_places, uint32_t place)
{
    if (place < n_places) {
        __builtin_prefetch(told + (place >> 3));
        __builtin_prefetch(prefix + (place >> 3));
    }
}

static inline unsigned bit_at(const uint8_t *bits, size_t i)
{
    return bits[i >> 3] >> (i & 7) & 1u;
}

/* Addresses depend on the cuts alone, which Bob has said in public. Every cut is held against the rules
 * before its parity is looked at. `i` is the first cut, and where its parity goes. */
static int tell(const uint8_t *prefix, uint8_t *told, size_t n_places, const packed_cuts *cuts, size_t i, size_t end,
                uint8_t *parities)
{
    unsigned byte = i & 7 ? parities[i >> 3] : 0;
    while (i < end) {
        uint32_t place[TOGETHER];
        size_t n = end - i < TOGETHER ? end - i : TOGETHER;
        for (size_t k = 0; k < n; k++) {
            place[k] = place_before(cuts, i + k);
            prefetch(prefix, told, n_places, place[k]);
        }
        for (size_t k = 0; k < n; k++, i++) {
            if (place[k] >= n_places)
                return CUT_OUTSIDE;
            unsigned mark = 1u << (place[k] & 7), before = told[place[k] >> 3];
            if (before & mark)
                return CUT_REPEATED;
            told[place[k] >> 3] = (uint8_t)(before | mark);
            byte |= bit_at(prefix, place[k]) << (i & 7);
            if ((i & 7) == 7) {
                parities[i >> 3] = (uint8_t)byte;
                byte = 0;
            }
        }
    }
    if (end & 7)
        parities[end >> 3] = (uint8_t)byte;
    return 0;
}

/* Whether there are as many cuts as counted, in open passes alone. */
static int fit(const uint8_t *const *prefix, const uint32_t *counts, size_t n_passes, const packed_cuts *cuts)
{
    size_t sum = 0;
    int open = 1;
    for (size_t p = 0; p < n_passes; p++) {
        sum += counts[p];
        open &= !counts[p] || prefix[p];
    }
    return open && holds(cuts, sum);
}

int cascade_tell_scalar(const uint8_t *const *prefix, uint8_t *const *told, size_t n_places,
                        const uint32_t *counts, size_t n_passes, const uint8_t *cuts, size_t n_bytes,
                        uint8_t *parities)
{
    packed_cuts packed = {cuts, n_bytes, cut_bits(n_places)};
    if (!fit(prefix, counts, n_passes, &packed))
        return CUTS_MISCOUNTED;
    size_t done = 0;
    for (size_t p = 0; p < n_passes; done += counts[p++]) {
        int fault = tell(prefix[p], told[p], n_places, &packed, done, done + counts[p], parities);
        if (fault)
            return fault;
    }
    return 0;
}

void cascade_tell_ends_scalar(const uint8_t *prefix, uint8_t *told, size_t n_places, size_t block, size_t n,
                              uint8_t *parities)
{
    for (size_t i = 0, at = 0; i < n; i++) {
        at = n_places - at > block ? at + block : n_places;
        told[(at - 1) >> 3] |= (uint8_t)(1u << ((at - 1) & 7));
        unsigned bit = bit_at(prefix, at - 1) << (i & 7);
        parities[i >> 3] = (uint8_t)(i & 7 ? parities[i >> 3] | bit : bit);
    }
}

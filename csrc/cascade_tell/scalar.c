#include "cascade_tell/cascade_tell.h"

#include "kernels.h"

enum { AHEAD = 16 };

static inline void prefetch(const uint8_t *prefix, const uint8_t *told, size_t n_places, uint32_t cut)
{
    if (cut < n_places) {
        __builtin_prefetch(told + (cut >> 3));
        __builtin_prefetch(prefix + (cut >> 3));
    }
}

/* Addresses depend on the cuts alone, which Bob has said in public. Every cut is held against the rules
 * before its parity is looked at. `to` is where the first parity goes. */
static int tell(const uint8_t *prefix, uint8_t *told, size_t n_places, const uint32_t *cuts, size_t n,
                uint8_t *parities, size_t to)
{
    unsigned byte = to & 7 ? parities[to >> 3] : 0;
    for (size_t i = 0; i < n; i++, to++) {
        uint32_t place = cuts[i] - 1;
        if (place >= n_places)
            return CUT_OUTSIDE;
        if (i + AHEAD < n)
            prefetch(prefix, told, n_places, cuts[i + AHEAD]);
        unsigned mark = 1u << (place & 7), before = told[place >> 3];
        if (before & mark)
            return CUT_REPEATED;
        told[place >> 3] = (uint8_t)(before | mark);
        byte |= (prefix[place >> 3] >> (place & 7) & 1u) << (to & 7);
        if ((to & 7) == 7) {
            parities[to >> 3] = (uint8_t)byte;
            byte = 0;
        }
    }
    if (to & 7)
        parities[to >> 3] = (uint8_t)byte;
    return 0;
}

/* Whether there are as many cuts as counted, in open passes alone. */
static int fit(const uint8_t *const *prefix, const uint32_t *counts, size_t n_passes, size_t n_cuts)
{
    size_t sum = 0;
    int open = 1;
    for (size_t p = 0; p < n_passes; p++) {
        sum += counts[p];
        open &= !counts[p] || prefix[p];
    }
    return open && sum == n_cuts;
}

int cascade_tell_scalar(const uint8_t *const *prefix, uint8_t *const *told, size_t n_places,
                        const uint32_t *counts, size_t n_passes, const uint32_t *cuts, size_t n_cuts,
                        uint8_t *parities)
{
    if (!fit(prefix, counts, n_passes, n_cuts))
        return CUTS_MISCOUNTED;
    size_t done = 0;
    for (size_t p = 0; p < n_passes; done += counts[p++]) {
        int fault = tell(prefix[p], told[p], n_places, cuts + done, counts[p], parities, done);
        if (fault)
            return fault;
    }
    return 0;
}

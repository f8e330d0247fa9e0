/* Gathers of a vector are no quicker than eight loads: there is this variant only. */
#include "match_bases/match_bases.h"

size_t match_bases_scalar(const uint8_t *states, const uint32_t *slot, const uint8_t *basis, size_t n,
                          uint8_t *match, uint8_t *kept)
{
    size_t matches = 0;
    for (size_t i = 0; i < n; i += 8) {
        unsigned bits = 0, theirs = basis[i / 8];
        for (size_t k = 0; k < 8 && i + k < n; k++) {
            uint8_t state = states[slot[i + k]];
            unsigned same = ~(state ^ theirs >> k) & 1;
            bits |= same << k;
            kept[matches] = state;
            matches += same;
        }
        match[i / 8] = (uint8_t)bits;
    }
    return matches;
}

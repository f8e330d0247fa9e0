/* The seed, laid out so that every product falls on word boundaries.
 *
 * With the key padded to N = 64 n bits, the diagonals t are the seed moved up so that
 *     out[i] = XOR over j of t[N + i - j] & key[j],
 * that is, out starts at word n of the product t * key. t[0] is never used. */
#pragma once
#include "words.h"

/* Fill `t` (n + m words, zeroed) for a key of key_bits padded to n words and m words of output. */
static inline void lay_out_diagonals(uint64_t *t, const uint8_t *seed, size_t seed_bits, size_t key_bits,
                                     size_t n)
{
    size_t up = 64 * n - key_bits + 1, first = up / 64, n_words = (seed_bits + 63) / 64;
    unsigned by = up % 64;
    memcpy(t + first, seed, bytes_for(seed_bits));
    if (by == 0)
        return;
    uint64_t below = 0;
    for (size_t i = first; i < first + n_words; i++) {
        uint64_t word = t[i];
        t[i] = word << by | below;
        below = word >> (64 - by);
    }
    if (below)
        t[first + n_words] = below;
}

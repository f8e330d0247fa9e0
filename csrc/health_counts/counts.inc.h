/* What a key that does not look random shows, counted without branches or addresses that depend on it.
 *
 * Included once by each variant, which defines first TARGET, ones_in(word), and add_lags(), which adds to
 * differ[d - 1], for d from 1 to LAGS, how many of the first 64 n bits differ from the bit d later; there are
 * n + 1 whole words. */
#include "kernels.h"
#include "words.h"

static inline uint64_t bit_at(const uint8_t *bits, size_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

TARGET static inline void add_last_lags(const uint8_t *bits, size_t n_bits, size_t from, uint64_t *differ)
{
    for (size_t i = from; i < n_bits; i++)
        for (size_t d = 1; d <= LAGS && i + d < n_bits; d++)
            differ[d - 1] += bit_at(bits, i) ^ bit_at(bits, i + d);
}

/* Each value of four bits: the words in which all four are as it has them. */
TARGET static inline void add_nibbles(uint64_t word, uint64_t whole, uint64_t *nibbles)
{
    uint64_t set[4];
    for (int j = 0; j < 4; j++)
        set[j] = word >> j & whole;
    for (int value = 0; value < NIBBLES; value++) {
        uint64_t all = whole;
        for (int j = 0; j < 4; j++)
            all &= set[j] ^ (value >> j & 1 ? 0 : whole);
        nibbles[value] += ones_in(all);
    }
}

typedef struct {
    uint64_t last, run, longest;
} runs;

TARGET static inline void add_runs(uint64_t word, size_t n, runs *r)
{
    uint64_t changed = word ^ (word << 1 | r->last);
    for (size_t i = 0; i < n; i++) {
        r->run = (r->run & ((changed >> i & 1) - 1)) + 1;
        r->longest = r->run > r->longest ? r->run : r->longest;
    }
    r->last = word >> 63;
}

TARGET static inline void count_for_health(const uint8_t *bits, size_t n_bits, uint64_t *counts)
{
    uint64_t *ones = counts, *differ = counts + 1, *nibbles = differ + LAGS;
    size_t words = n_bits / 64, inner = words ? words - 1 : 0, rest = n_bits % 64;
    runs r = {0, 0, 0};
    memset(counts, 0, HEALTH_COUNTS * sizeof *counts);
    for (size_t i = 0; i <= words && 64 * i < n_bits; i++) {
        size_t n = i < words ? 64 : rest;
        uint64_t word = i < words ? load_word(bits + 8 * i) : load_tail(bits + 8 * i, (rest + 7) / 8);
        uint64_t nibble_starts = 0x1111111111111111 & (n < 64 ? ((uint64_t)1 << n / 4 * 4) - 1 : ~(uint64_t)0);
        *ones += ones_in(word);
        add_nibbles(word, nibble_starts, nibbles);
        add_runs(word, n, &r);
    }
    add_lags(bits, inner, differ);
    add_last_lags(bits, n_bits, 64 * inner, differ);
    counts[HEALTH_COUNTS - 1] = r.longest;
}

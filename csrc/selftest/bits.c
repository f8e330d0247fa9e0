/* What is counted, summed and moved in strings of bits. */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"
#include "words.h"

void try_popcount(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(3000), count = 0;
    uint8_t *bits = random_bits(n);
    for (size_t i = 0; i < n; i++)
        count += bit(bits, i);
    expect(kernels->popcount(bits, bytes_for(n)) == count, "popcount", level, n);
    free(bits);
}

void try_prefix_parity(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(3000);
    unsigned sum = 0;
    uint8_t *bits = random_bits(n), *out = random_bits(n);
    kernels->prefix_parity(bits, n, out);
    for (size_t i = 0; i < n; i++)
        expect(bit(out, i) == (sum ^= bit(bits, i)), "prefix_parity", level, n);
    free(bits);
    free(out);
}

void try_health_counts(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(1500), differ[LAGS] = {0}, ones = 0, run = 0, longest = 0;
    uint64_t counts[HEALTH_COUNTS];
    uint8_t *bits = random_bits(n);
    for (size_t i = 0; i < n; i++) {
        ones += bit(bits, i);
        for (size_t d = 1; d <= LAGS && d + i < n; d++)
            differ[d - 1] += bit(bits, i) ^ bit(bits, i + d);
        run = i && bit(bits, i) == bit(bits, i - 1) ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    kernels->health_counts(bits, n, counts);
    expect(counts[0] == ones && counts[HEALTH_COUNTS - 1] == longest, "health_counts", level, n);
    for (size_t d = 1; d <= LAGS; d++)
        expect(counts[d] == differ[d - 1], "health_counts", level, n);
    free(bits);
}

void try_permute(const qkd_kernels *kernels, const char *level)
{
    size_t words = 1 + below(100);
    uint64_t random[PERMUTATION_WORDS];
    for (size_t i = 0; i < PERMUTATION_WORDS; i++)
        random[i] = random_word();
    uint8_t *bits = random_bits(64 * words), *there = room(8 * words), *back = room(8 * words);
    const qkd_kernels *scalar = qkd_kernels_at(LEVEL_SCALAR);
    expect(!kernels->permute(random, bits, words, 0, there), "permute", level, words);
    expect(!scalar->permute(random, there, words, 1, back), "permute", level, words);
    expect(!memcmp(bits, back, 8 * words), "permute", level, words);
    expect(!kernels->permute(random, there, words, 1, back), "permute", level, words);
    expect(!memcmp(bits, back, 8 * words), "permute", level, words);
    unsigned parity = kernels->subset_parity(random[0], bits, words);
    expect(parity == scalar->subset_parity(random[0], bits, words), "subset_parity", level, words);
    free(bits);
    free(there);
    free(back);
}

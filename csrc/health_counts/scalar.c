#include "health_counts/health_counts.h"

#define TARGET

/* Sums of neighbours, twice as wide each step: the compiler's builtin may look up a table by key bytes. */
static inline uint64_t ones_in(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return word * 0x0101010101010101 >> 56;
}

#include "health_counts/lags_by_words.inc.h"

#include "health_counts/counts.inc.h"

void health_counts_scalar(const uint8_t *bits, size_t n_bits, uint64_t *counts)
{
    count_for_health(bits, n_bits, counts);
}

#include "health_counts/health_counts.h"

#include "isa.h"

#define TARGET TARGET_AVX2

TARGET static inline uint64_t ones_in(uint64_t word)
{
    return (uint64_t)__builtin_popcountll(word);
}

#include "health_counts/lags_by_words.inc.h"

#include "health_counts/counts.inc.h"

TARGET void health_counts_avx2(const uint8_t *bits, size_t n_bits, uint64_t *counts)
{
    count_for_health(bits, n_bits, counts);
}

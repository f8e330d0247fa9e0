#include "health_counts/health_counts.h"

#include <immintrin.h>

#include "isa.h"
#include "kernels.h"

#define TARGET TARGET_AVX512

enum { WORDS_AT_ONCE = 8, BLOCK = 256 }; /* words of a block lie in the first cache while all lags pass */

TARGET static inline uint64_t ones_in(uint64_t word)
{
    return (uint64_t)__builtin_popcountll(word);
}

TARGET static inline void add_lags_of_block(const uint8_t *bits, size_t n, uint64_t *differ)
{
    for (size_t d = 1; d <= LAGS; d++) {
        __m512i counts = _mm512_setzero_si512(), by = _mm512_set1_epi64((long long)(d & 63));
        for (size_t i = 0; i < n; i += WORDS_AT_ONCE) {
            __mmask8 there = n - i < WORDS_AT_ONCE ? (__mmask8)((1u << (n - i)) - 1) : 0xff;
            __m512i words = _mm512_maskz_loadu_epi64(there, bits + 8 * i);
            __m512i next = _mm512_maskz_loadu_epi64(there, bits + 8 * i + 8);
            __m512i later = d < 64 ? _mm512_shrdv_epi64(words, next, by) : next;
            counts = _mm512_add_epi64(counts, _mm512_popcnt_epi64(_mm512_xor_si512(words, later)));
        }
        differ[d - 1] += (uint64_t)_mm512_reduce_add_epi64(counts);
    }
}

TARGET static inline void add_lags(const uint8_t *bits, size_t n, uint64_t *differ)
{
    for (size_t i = 0; i < n; i += BLOCK)
        add_lags_of_block(bits + 8 * i, n - i < BLOCK ? n - i : BLOCK, differ);
}

#include "health_counts/counts.inc.h"

TARGET void health_counts_avx512(const uint8_t *bits, size_t n_bits, uint64_t *counts)
{
    count_for_health(bits, n_bits, counts);
}

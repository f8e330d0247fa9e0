#include "coincidences/coincidences.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX512
#define BLOCK 8

/* b - a + window, read as unsigned, is at most twice the window. */
TARGET static inline uint64_t near_pairs(const int64_t *a_ps, const int64_t *b_ps, uint64_t window_ps)
{
    __m512i widest = _mm512_set1_epi64((long long)(2 * window_ps));
    __m512i b = _mm512_add_epi64(_mm512_loadu_si512(b_ps), _mm512_set1_epi64((long long)window_ps));
    uint64_t pairs = 0;
    for (int i = 0; i < BLOCK; i++) {
        __m512i apart = _mm512_sub_epi64(b, _mm512_set1_epi64(a_ps[i]));
        pairs |= (uint64_t)_mm512_cmple_epu64_mask(apart, widest) << BLOCK * i;
    }
    return pairs;
}

TARGET static inline int disordered(const int64_t *time_ps)
{
    return _mm512_cmpgt_epi64_mask(_mm512_loadu_si512(time_ps), _mm512_loadu_si512(time_ps + 1));
}

#include "coincidences/blocks.inc.h"

TARGET size_t coincidences_avx512(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                                  uint64_t window_ps, uint32_t *index_a, uint32_t *index_b)
{
    return coincidences_by_blocks(&(streams){a_ps, b_ps, n_a, n_b, window_ps}, index_a, index_b);
}

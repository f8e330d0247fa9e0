#include "coincidences/coincidences.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX2
#define BLOCK 4

/* One bit for each place whose 64-bit lane has its sign bit set. */
TARGET static inline unsigned signs(__m256i lanes)
{
    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(lanes));
}

/* b - a + window, read as unsigned, is at most twice the window; half the range away, signed comparison does it. */
TARGET static inline uint64_t near_pairs(const int64_t *a_ps, const int64_t *b_ps, uint64_t window_ps)
{
    const uint64_t half = (uint64_t)1 << 63;
    __m256i widest = _mm256_set1_epi64x((long long)(2 * window_ps - half));
    __m256i b = _mm256_loadu_si256((const __m256i *)b_ps);
    b = _mm256_add_epi64(b, _mm256_set1_epi64x((long long)(window_ps - half)));
    unsigned beyond = 0;
    for (int i = 0; i < BLOCK; i++) {
        __m256i apart = _mm256_sub_epi64(b, _mm256_set1_epi64x(a_ps[i]));
        beyond |= signs(_mm256_cmpgt_epi64(apart, widest)) << BLOCK * i;
    }
    return ~beyond & 0xffff;
}

TARGET static inline int disordered(const int64_t *time_ps)
{
    __m256i here = _mm256_loadu_si256((const __m256i *)time_ps);
    return (int)signs(_mm256_cmpgt_epi64(here, _mm256_loadu_si256((const __m256i *)(time_ps + 1))));
}

#include "coincidences/blocks.inc.h"

TARGET size_t coincidences_avx2(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                                uint64_t window_ps, uint32_t *index_a, uint32_t *index_b)
{
    return coincidences_by_blocks(&(streams){a_ps, b_ps, n_a, n_b, window_ps}, index_a, index_b);
}

#include "slide_states/slide_states.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX2
#define LANE_WORDS 4

typedef uint64_t lanes __attribute__((vector_size(32)));

TARGET static inline lanes window(const uint8_t *plane, size_t bit)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(plane + bit / 8));
    __m256i high = _mm256_loadu_si256((const __m256i *)(plane + bit / 8 + 8));
    low = _mm256_srl_epi64(low, _mm_cvtsi32_si128((int)(bit % 8)));
    high = _mm256_sll_epi64(high, _mm_cvtsi32_si128((int)(64 - bit % 8))); /* shifts by 64 give zero */
    return (lanes)_mm256_or_si256(low, high);
}

TARGET static inline lanes sum3(lanes a, lanes b, lanes c)
{
    return a ^ b ^ c;
}

TARGET static inline lanes carry3(lanes a, lanes b, lanes c)
{
    return (a & b) | ((a ^ b) & c);
}

TARGET static inline int any(lanes a)
{
    return !_mm256_testz_si256((__m256i)a, (__m256i)a);
}

#include "slide_states/tiles.inc.h"

TARGET size_t slide_states_avx2(const uint8_t *planes, size_t plane_bytes, size_t n_states, const int64_t *slot,
                                const uint8_t *outcome, size_t n, int64_t first_lag, size_t n_lags,
                                size_t n_best, int32_t *score, int64_t *lag)
{
    best_lags best = {score, lag, 0, n_best};
    return slide_by_tiles(&(slide){planes, plane_bytes, slot, outcome}, n_states, n, first_lag, n_lags, &best);
}

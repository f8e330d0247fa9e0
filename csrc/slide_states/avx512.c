#include "slide_states/slide_states.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX512
#define LANE_WORDS 8

typedef uint64_t lanes __attribute__((vector_size(64)));

TARGET static inline lanes window(const uint8_t *plane, size_t bit)
{
    __m512i low = _mm512_loadu_si512(plane + bit / 8), high = _mm512_loadu_si512(plane + bit / 8 + 8);
    return (lanes)_mm512_shrdv_epi64(low, high, _mm512_set1_epi64((long long)(bit % 8)));
}

TARGET static inline lanes sum3(lanes a, lanes b, lanes c)
{
    return (lanes)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
}

TARGET static inline lanes carry3(lanes a, lanes b, lanes c)
{
    return (lanes)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b, (__m512i)c, 0xe8);
}

TARGET static inline int any(lanes a)
{
    return _mm512_test_epi64_mask((__m512i)a, (__m512i)a) != 0;
}

#include "slide_states/tiles.inc.h"

TARGET size_t slide_states_avx512(const uint8_t *planes, size_t plane_bytes, size_t n_states,
                                  const int64_t *slot, const uint8_t *outcome, size_t n, int64_t first_lag,
                                  size_t n_lags, size_t n_best, int32_t *score, int64_t *lag)
{
    best_lags best = {score, lag, 0, n_best};
    return slide_by_tiles(&(slide){planes, plane_bytes, slot, outcome}, n_states, n, first_lag, n_lags, &best);
}

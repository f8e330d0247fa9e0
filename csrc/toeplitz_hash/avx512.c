#include "toeplitz_hash/toeplitz_hash.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX512
#define LEVEL(name) name##_avx512
#define BASE_WORDS 8
#define TRANSFORM_FROM 12288

/* The high halves of t[7 - q] * x[q], summed: what row 0 takes from the row before it. */
TARGET static inline uint64_t carry_into_row_0(__m512i t, __m512i x)
{
    const __m512i descending = _mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    __m512i reversed = _mm512_permutexvar_epi64(descending, x);
    __m512i sums = _mm512_clmulepi64_epi128(t, reversed, 0x00) ^ _mm512_clmulepi64_epi128(t, reversed, 0x11);
    __m256i four = _mm512_castsi512_si256(sums) ^ _mm512_extracti64x4_epi64(sums, 1);
    __m128i two = _mm256_castsi256_si128(four) ^ _mm256_extracti128_si256(four, 1);
    return (uint64_t)_mm_extract_epi64(two, 1);
}

/* Row r takes the low halves of t[8 + r - q] * x[q] and the high halves of the word before. Products of
 * even rows fit pairs of rows as they stand; those of odd rows are moved up by a word at the end. */
TARGET static inline void square_base(uint64_t *y, const uint64_t *t, const uint64_t *x)
{
    __m512i even = _mm512_setzero_si512(), odd = even;
    for (int q = 0; q < 8; q++) {
        __m512i x_q = _mm512_set1_epi64((long long)x[q]), t_q = _mm512_loadu_si512(t + 8 - q);
        even ^= _mm512_clmulepi64_epi128(t_q, x_q, 0x00);
        odd ^= _mm512_clmulepi64_epi128(t_q, x_q, 0x01);
    }
    uint64_t carry = carry_into_row_0(_mm512_loadu_si512(t), _mm512_loadu_si512(x));
    __m512i carries = _mm512_set_epi64((long long)carry, 0, 0, 0, 0, 0, 0, 0);
    __m512i sum = even ^ _mm512_alignr_epi64(odd, carries, 7);
    _mm512_storeu_si512(y, _mm512_loadu_si512(y) ^ sum);
}

#include "toeplitz_hash/karatsuba.inc.h"

#include "toeplitz_hash/lanes512.h"
#include "toeplitz_hash/gfni.inc.h"
#include "toeplitz_hash/transform.inc.h"
#include "toeplitz_hash/exports.inc.h"

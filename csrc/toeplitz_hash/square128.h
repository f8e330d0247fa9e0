/* The smallest square of Karatsuba's method by PCLMULQDQ, four words a side. */
#pragma once
#include <immintrin.h>

/* Row r takes the low halves of t[4 + r - q] * x[q] and the high halves of the word before. A product of
 * an even row fits a pair of rows as it stands; those of odd rows, from -1 on, are moved up by a word at
 * the end, once for all q. */
TARGET static inline void square_base(uint64_t *y, const uint64_t *t, const uint64_t *x)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i even0 = zero, even2 = zero, before = zero, odd1 = zero, odd3 = zero;
    for (int q = 0; q < 4; q++) {
        __m128i x_q = _mm_loadl_epi64((const __m128i *)(x + q));
        __m128i t_before = _mm_loadl_epi64((const __m128i *)(t + 3 - q));
        __m128i t01 = _mm_loadu_si128((const __m128i *)(t + 4 - q));
        __m128i t23 = _mm_loadu_si128((const __m128i *)(t + 6 - q));
        before = _mm_xor_si128(before, _mm_clmulepi64_si128(t_before, x_q, 0x00));
        even0 = _mm_xor_si128(even0, _mm_clmulepi64_si128(t01, x_q, 0x00));
        odd1 = _mm_xor_si128(odd1, _mm_clmulepi64_si128(t01, x_q, 0x01));
        even2 = _mm_xor_si128(even2, _mm_clmulepi64_si128(t23, x_q, 0x00));
        odd3 = _mm_xor_si128(odd3, _mm_clmulepi64_si128(t23, x_q, 0x01));
    }
    __m128i y01 = _mm_xor_si128(even0, _mm_alignr_epi8(odd1, before, 8));
    __m128i y23 = _mm_xor_si128(even2, _mm_alignr_epi8(odd3, odd1, 8));
    __m128i *rows = (__m128i *)y;
    _mm_storeu_si128(rows, _mm_xor_si128(_mm_loadu_si128(rows), y01));
    _mm_storeu_si128(rows + 1, _mm_xor_si128(_mm_loadu_si128(rows + 1), y23));
}

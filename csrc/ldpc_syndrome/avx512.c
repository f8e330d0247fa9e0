#include "ldpc_syndrome/ldpc_syndrome.h"

#include <immintrin.h>

#include "isa.h"
#include "ldpc_syndrome/check.h"
#include "words.h"

/* The words of up to eight entries of a row, rotated; absent entries give zero. */
TARGET_AVX512 static inline __m512i rotated_words(const uint32_t *column, const uint8_t *shift, size_t n,
                                                  const uint8_t *bits)
{
    const __m512i zero = _mm512_setzero_si512();
    __mmask8 present = n < 8 ? (__mmask8)((1u << n) - 1) : 0xff;
    __m512i columns = _mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32(present, column));
    __m512i shifts = _mm512_cvtepu8_epi64(_mm_maskz_loadu_epi8(present, shift));
    __m512i words = _mm512_mask_i64gather_epi64(zero, present, columns, bits, 8);
    return _mm512_rorv_epi64(words, shifts);
}

TARGET_AVX512 int ldpc_syndrome_avx512(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                                       const uint8_t *shift, size_t n_entries, const uint8_t *bits,
                                       size_t n_columns, uint8_t *syndrome)
{
    int fault = check_code(row_start, n_rows, column, shift, n_entries, n_columns);
    if (fault)
        return fault;
    for (size_t i = 0; i < n_rows; i++) {
        __m512i sums = _mm512_setzero_si512();
        for (size_t e = row_start[i]; e < row_start[i + 1]; e += 8)
            sums ^= rotated_words(column + e, shift + e, row_start[i + 1] - e, bits);
        __m256i four = _mm512_castsi512_si256(sums) ^ _mm512_extracti64x4_epi64(sums, 1);
        __m128i two = _mm256_castsi256_si128(four) ^ _mm256_extracti128_si256(four, 1);
        store_word(syndrome + 8 * i, (uint64_t)(_mm_cvtsi128_si64(two) ^ _mm_extract_epi64(two, 1)));
    }
    return CODE_SOUND;
}

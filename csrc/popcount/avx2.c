#include "popcount/popcount.h"

#include <immintrin.h>

#include "isa.h"
#include "words.h"

/* Ones of each byte, by its two nibbles; the table lies in a register, so no address depends on the bits. */
TARGET_AVX2 static inline __m256i ones_per_byte(__m256i bytes)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, /* both lanes */
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    __m256i low = _mm256_shuffle_epi8(ones, _mm256_and_si256(bytes, nibble));
    __m256i high = _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
    return _mm256_add_epi8(low, high);
}

TARGET_AVX2 uint64_t popcount_avx2(const uint8_t *bytes, size_t n_bytes)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i counts = zero;
    size_t i = 0;
    for (; i + 32 <= n_bytes; i += 32) {
        __m256i ones = ones_per_byte(_mm256_loadu_si256((const __m256i *)(bytes + i)));
        counts = _mm256_add_epi64(counts, _mm256_sad_epu8(ones, zero));
    }
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)lanes, counts);
    uint64_t count = lanes[0] + lanes[1] + lanes[2] + lanes[3];
    for (; i + 8 <= n_bytes; i += 8)
        count += (uint64_t)_mm_popcnt_u64(load_word(bytes + i));
    return count + (uint64_t)_mm_popcnt_u64(load_tail(bytes + i, n_bytes - i));
}

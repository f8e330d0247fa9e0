#include "prefix_parity/prefix_parity.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX2

/* The carry-less product with all ones adds each bit to itself and all later ones. */
TARGET static inline uint64_t prefix(uint64_t word)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)word), _mm_set1_epi8(-1), 0x00);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

#include "prefix_parity/by_words.inc.h"

TARGET void prefix_parity_avx2(const uint8_t *bits, size_t n_bits, uint8_t *out)
{
    prefix_parity_by_words(bits, n_bits, out, 0, 0);
}

#include "prefix_parity/prefix_parity.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX512

/* The carry-less product with all ones adds each bit to itself and all later ones. */
TARGET static inline __m512i prefix_of_each(__m512i words)
{
    const __m512i ones = _mm512_set1_epi8(-1);
    __m512i even = _mm512_clmulepi64_epi128(words, ones, 0x00);
    __m512i odd = _mm512_clmulepi64_epi128(words, ones, 0x01);
    return _mm512_unpacklo_epi64(even, odd);
}

TARGET static inline uint64_t prefix(uint64_t word)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)word), _mm_set1_epi8(-1), 0x00);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Prefix parity of the eight parities of eight words. */
TARGET static inline unsigned prefix_of_lanes(unsigned parities)
{
    parities ^= parities << 1;
    parities ^= parities << 2;
    return (parities ^ parities << 4) & 0xff;
}

#include "prefix_parity/by_words.inc.h"

TARGET void prefix_parity_avx512(const uint8_t *bits, size_t n_bits, uint8_t *out)
{
    size_t n_bytes = bytes_for(n_bits), i = 0;
    unsigned carry = 0; /* 0 or 0xff: whether all lanes are flipped */
    for (; i + 64 <= n_bytes; i += 64) {
        __m512i words = prefix_of_each(_mm512_loadu_si512(bits + i));
        unsigned after = prefix_of_lanes(_mm512_movepi64_mask(words)) ^ carry;
        __m512i flips = _mm512_movm_epi64((__mmask8)(after << 1 | (carry & 1)));
        _mm512_storeu_si512(out + i, words ^ flips);
        carry = -(after >> 7) & 0xff;
    }
    prefix_parity_by_words(bits, n_bits, out, i, -(uint64_t)(carry & 1));
}

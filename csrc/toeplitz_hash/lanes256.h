/* Vectors of four words. */
#pragma once
#include <immintrin.h>
#include <string.h>

#define INLINE TARGET static inline __attribute__((always_inline))
#define LANES 4
#define LOG_LANES 2
#define UNROLL_LANES _Pragma("GCC unroll 4")
#define UNROLL_BUTTERFLIES _Pragma("GCC unroll 2")
#define UNROLL_LAYERS _Pragma("GCC unroll 2")
#define INTRINSIC(name) _mm256_##name

typedef __m256i vector;
typedef long long words __attribute__((vector_size(32), aligned(8), may_alias));

INLINE vector spread(uint64_t word)
{
    return _mm256_set1_epi64x((long long)word);
}

INLINE vector in_last_lane(uint64_t word)
{
    return _mm256_set_epi64x((long long)word, 0, 0, 0);
}

INLINE vector both_halves(__m128i half)
{
    return _mm256_broadcastsi128_si256(half);
}

INLINE vector xor3(vector a, vector b, vector c)
{
    return a ^ b ^ c;
}

/* The eight bytes from byte r on of each sixteen (y, above), r from 1 to 7. */
#define bytes_from(y, above, r) (_mm256_srli_epi64(y, 8 * (r)) | _mm256_slli_epi64(above, 64 - 8 * (r)))

/* Word k of v[l] to word l of v[k]. */
INLINE void transpose(vector v[LANES])
{
    vector a = _mm256_unpacklo_epi64(v[0], v[1]), b = _mm256_unpackhi_epi64(v[0], v[1]);
    vector c = _mm256_unpacklo_epi64(v[2], v[3]), d = _mm256_unpackhi_epi64(v[2], v[3]);
    v[0] = _mm256_permute2x128_si256(a, c, 0x20);
    v[1] = _mm256_permute2x128_si256(b, d, 0x20);
    v[2] = _mm256_permute2x128_si256(a, c, 0x31);
    v[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

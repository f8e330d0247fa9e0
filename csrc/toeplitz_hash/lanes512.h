/* Vectors of eight words. */
#pragma once
#include <immintrin.h>
#include <string.h>

#define INLINE TARGET static inline __attribute__((always_inline))
#define LANES 8
#define LOG_LANES 3
#define UNROLL_LANES _Pragma("GCC unroll 8")
#define UNROLL_BUTTERFLIES _Pragma("GCC unroll 4")
#define UNROLL_LAYERS _Pragma("GCC unroll 3")
#define INTRINSIC(name) _mm512_##name

typedef __m512i vector;
typedef long long words __attribute__((vector_size(64), aligned(8), may_alias));

INLINE vector spread(uint64_t word)
{
    return _mm512_set1_epi64((long long)word);
}

INLINE vector in_last_lane(uint64_t word)
{
    return _mm512_maskz_set1_epi64(0x80, (long long)word);
}

INLINE vector both_halves(__m128i half)
{
    return _mm512_broadcast_i64x2(half);
}

INLINE vector xor3(vector a, vector b, vector c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

/* The eight bytes from byte r on of each sixteen (y, above). */
#define bytes_from(y, above, r) _mm512_shrdi_epi64(y, above, 8 * (r))

/* Word k of v[l] to word l of v[k]. */
INLINE void transpose(vector v[LANES])
{
    vector t[LANES], u[LANES];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi64(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi64(v[i], v[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        int from = i / 2 * 4 + i % 2;
        u[2 * i] = _mm512_shuffle_i64x2(t[from], t[from + 2], 0x88);
        u[2 * i + 1] = _mm512_shuffle_i64x2(t[from], t[from + 2], 0xdd);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        int to = i / 2 + i % 2 * 2;
        v[to] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0x88);
        v[to + 4] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0xdd);
    }
}

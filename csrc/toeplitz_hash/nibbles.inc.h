/* Maps and products of bytes by looking up their halves inside a register (PSHUFB), which takes the same
 * time for all. The includer has included lanes256.h. */
#include "toeplitz_hash/field.h"

/* A linear map of bytes: the images of the sixteen lower halves and of the sixteen upper ones, twice each. */
typedef struct {
    vector lower, upper;
} matrix;

typedef struct {
    __m128i lower, upper;
} stored_matrix;

/* Both words of a half share its tables; the odd one's difference stands by itself. */
typedef struct {
    matrix even, odd;
} lane_offset;

static inline uint8_t image(uint64_t columns, unsigned byte)
{
    unsigned sum = 0;
    for (int j = 0; j < 8; j++)
        sum ^= (columns >> 8 * j & 0xff) * (byte >> j & 1);
    return (uint8_t)sum;
}

static inline void fill(uint8_t lower[16], uint8_t upper[16], uint64_t columns)
{
    for (unsigned i = 0; i < 16; i++) {
        lower[i] = image(columns, i);
        upper[i] = image(columns, i << 4);
    }
}

static inline stored_matrix to_store(uint64_t columns)
{
    stored_matrix stored;
    fill((uint8_t *)&stored.lower, (uint8_t *)&stored.upper, columns);
    return stored;
}

INLINE matrix from_store(const stored_matrix *stored)
{
    return (matrix){both_halves(stored->lower), both_halves(stored->upper)};
}

INLINE matrix add_matrices(matrix a, matrix b)
{
    return (matrix){a.lower ^ b.lower, a.upper ^ b.upper};
}

INLINE vector apply(matrix m, vector v)
{
    const vector half = _mm256_set1_epi8(0x0f);
    return _mm256_shuffle_epi8(m.lower, v & half) ^ _mm256_shuffle_epi8(m.upper, _mm256_srli_epi64(v, 4) & half);
}

static inline void set_lane_offset(lane_offset *offset, unsigned first, unsigned stride)
{
    uint8_t *lower = (uint8_t *)&offset->even.lower, *upper = (uint8_t *)&offset->even.upper;
    for (unsigned half = 0; half < 2; half++)
        fill(lower + 16 * half, upper + 16 * half, times_columns(point(2 * half * stride + first)));
    lower = (uint8_t *)&offset->odd.lower, upper = (uint8_t *)&offset->odd.upper;
    for (unsigned half = 0; half < 2; half++)
        fill(lower + 16 * half, upper + 16 * half, times_columns(point(stride)));
}

INLINE matrix offset_matrix(matrix m, lane_offset offset)
{
    return add_matrices(m, offset.even);
}

/* An index with its top bit set looks up zero. */
INLINE vector apply_odd(lane_offset offset, vector v)
{
    const vector half = _mm256_set1_epi8(0x0f);
    const vector even = _mm256_set_epi64x(0, (long long)0x8080808080808080, 0, (long long)0x8080808080808080);
    return _mm256_shuffle_epi8(offset.odd.lower, (v & half) | even)
        ^ _mm256_shuffle_epi8(offset.odd.upper, (_mm256_srli_epi64(v, 4) & half) | even);
}

/* All ones in bytes with the top bit set. */
INLINE vector top_bits(vector v)
{
    return _mm256_cmpgt_epi8(_mm256_setzero_si256(), v);
}

/* Bit by bit of x, from the top, with all products of that bit at once. */
INLINE vector dot(vector x, vector y, vector above)
{
    const vector first = both_halves(_mm_set_epi64x(0x0808080808080808, 0));
    vector sum = spread(0);
    vector moved[8] = {y, bytes_from(y, above, 1), bytes_from(y, above, 2), bytes_from(y, above, 3),
                       bytes_from(y, above, 4), bytes_from(y, above, 5), bytes_from(y, above, 6),
                       bytes_from(y, above, 7)};
#pragma GCC unroll 8
    for (int bit = 7; bit >= 0; bit--) {
        vector chosen = top_bits(_mm256_slli_epi64(x, 7 - bit));
        sum = _mm256_add_epi8(sum, sum) ^ (top_bits(sum) & _mm256_set1_epi8(0x1b));
#pragma GCC unroll 8
        for (int r = 0; r < 8; r++)
            sum ^= moved[r] & _mm256_shuffle_epi8(chosen, first ^ _mm256_set1_epi8((char)r));
    }
    return sum;
}

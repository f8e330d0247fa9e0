/* Maps and products of bytes by GFNI, for either width of vector. The includer defines LANES, vector, words,
 * INTRINSIC(name), spread(word), xor3(a, b, c) and bytes_from(y, above, r). */
#include "toeplitz_hash/field.h"

/* A linear map of bytes: the rows of its matrix, in every lane. A lane may also have rows of its own. */
typedef vector matrix;
typedef vector lane_offset;
typedef uint64_t stored_matrix;

/* The instruction takes rows, the last output's first. */
static inline stored_matrix to_store(uint64_t columns)
{
    uint64_t rows = 0;
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            rows |= (columns >> (8 * j + i) & 1) << (8 * (7 - i) + j);
    return rows;
}

INLINE matrix from_store(const stored_matrix *stored)
{
    return spread(*stored);
}

INLINE matrix add_matrices(matrix a, matrix b)
{
    return a ^ b;
}

INLINE vector apply(matrix m, vector v)
{
    return INTRINSIC(gf2p8affine_epi64_epi8)(v, m, 0);
}

static inline void set_lane_offset(lane_offset *offset, unsigned first, unsigned stride)
{
    uint64_t lanes[LANES];
    for (unsigned k = 0; k < LANES; k++)
        lanes[k] = to_store(times_columns(point(stride * k + first)));
    memcpy(offset, lanes, sizeof lanes);
}

INLINE matrix offset_matrix(matrix m, lane_offset offset)
{
    return m ^ offset;
}

/* No lane needs more than its own rows. */
INLINE vector apply_odd(lane_offset offset, vector v)
{
    (void)offset, (void)v;
    return spread(0);
}

/* Byte r of each word, in all its bytes. */
INLINE vector repeated(vector v, int r)
{
    typedef long long halves __attribute__((vector_size(16)));
    halves first = {0, 0x0808080808080808};
    return INTRINSIC(shuffle_epi8)(v, both_halves(first) ^ spread((uint64_t)r * 0x0101010101010101));
}

INLINE vector dot(vector x, vector y, vector above)
{
    vector even = INTRINSIC(gf2p8mul_epi8)(y, repeated(x, 0)), odd = spread(0);
#define ADD(sum, r) sum ^= INTRINSIC(gf2p8mul_epi8)(bytes_from(y, above, r), repeated(x, r))
    ADD(odd, 1);
    ADD(even, 2);
    ADD(odd, 3);
    ADD(even, 4);
    ADD(odd, 5);
    ADD(even, 6);
    ADD(odd, 7);
#undef ADD
    return even ^ odd;
}

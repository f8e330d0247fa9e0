/* A word at a time, in plain C, with no table and in the same time for all. */
#include "toeplitz_hash/field.h"
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES 1
#define LOG_LANES 0
#define UNROLL_LANES
#define UNROLL_BUTTERFLIES
#define UNROLL_LAYERS

typedef uint64_t vector;
typedef uint64_t words;

/* A linear map of bytes by columns: byte j is the image of bit j. */
typedef uint64_t matrix, stored_matrix;
typedef uint64_t lane_offset;

static inline stored_matrix to_store(uint64_t columns)
{
    return columns;
}

INLINE vector in_last_lane(uint64_t word)
{
    return word;
}

INLINE matrix from_store(const stored_matrix *stored)
{
    return *stored;
}

INLINE matrix add_matrices(matrix a, matrix b)
{
    return a ^ b;
}

INLINE vector xor3(vector a, vector b, vector c)
{
    return a ^ b ^ c;
}

/* The eight bytes from byte r on of the sixteen (y, above), r from 1 to 7. */
#define bytes_from(y, above, r) ((y) >> 8 * (r) | (above) << (64 - 8 * (r)))

/* Bit j of every byte selects column j. */
INLINE vector apply(matrix m, vector v)
{
    const uint64_t ones = 0x0101010101010101;
    vector sum = 0;
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++)
        sum ^= (v >> j & ones) * (m >> 8 * j & 0xff);
    return sum;
}

static inline void set_lane_offset(lane_offset *offset, unsigned first, unsigned stride)
{
    (void)first, (void)stride;
    *offset = 0;
}

INLINE matrix offset_matrix(matrix m, lane_offset offset)
{
    return m ^ offset;
}

INLINE vector apply_odd(lane_offset offset, vector v)
{
    return offset & v;
}

INLINE void transpose(vector v[LANES])
{
    (void)v;
}

/* Bit by bit of x, from the top of each byte, with all products of that bit at once. */
INLINE vector dot(vector x, vector y, vector above)
{
    const uint64_t ones = 0x0101010101010101;
    vector sum = 0, moved[8] = {y};
    for (int r = 1; r < 8; r++)
        moved[r] = bytes_from(y, above, r);
    for (int bit = 7; bit >= 0; bit--) {
        sum = (sum & 0x7f * ones) << 1 ^ (sum >> 7 & ones) * 0x1b;
        for (int r = 0; r < 8; r++)
            sum ^= moved[r] & -(x >> (8 * r + bit) & 1);
    }
    return sum;
}

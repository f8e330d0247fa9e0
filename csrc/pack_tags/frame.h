/* Frames of 512 time tags, as recordings keep them.
 *
 * A frame begins with four bytes: the width w of its time steps in bits, 0 to 64; the number p of its planes, 0
 * to 8; its lowest channel; zero. Then come w rows of eight 64-bit words: the step before tag 8 r + k, that is
 * its time less that of the tag before, stands in column k from bit r w on, lowest bits first, over the words of
 * the column. Then come p planes of 64 bytes: bit i of plane b is bit b of the channel of tag i, the lowest
 * channel taken off. In a frame that is not full the missing tags have steps of zero and the lowest channel.
 * All is little-endian.
 *
 * Eight columns make a row one vector of 512 bits; GCC and clang make of it what the CPU has. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { COLUMNS = 8, ROWS = 64, FRAME_TAGS = COLUMNS * ROWS, HEAD_BYTES = 4, ROW_BYTES = 64, MOST_PLANES = 8 };

typedef uint64_t row __attribute__((vector_size(ROW_BYTES)));
typedef uint64_t row_in_memory __attribute__((vector_size(ROW_BYTES), aligned(1), may_alias));

/* One bit of eight bytes, as a byte: the product brings bit 8 k to place 56 + k, and nothing else there. */
static inline uint8_t gather_bits(uint64_t bytes, unsigned place)
{
    return (uint8_t)((bytes >> place & 0x0101010101010101) * 0x0102040810204080 >> 56);
}

/* Bit k of a byte as byte k, 0 or 1. */
static inline uint64_t scatter_bits(uint8_t bits)
{
    uint64_t spread = bits * 0x0101010101010101u & 0x8040201008040201;
    return (spread + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101;
}

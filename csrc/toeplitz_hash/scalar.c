#include "toeplitz_hash/toeplitz_hash.h"

#define TARGET
#define LEVEL(name) name##_scalar
#define BASE_WORDS 4
#define TRANSFORM_FROM 8192

typedef struct {
    uint64_t low, high;
} word_pair;

/* Every fourth bit, from bit `first` on. */
static inline uint64_t every_fourth(uint64_t word, int first)
{
    return word & (uint64_t)0x1111111111111111 << first;
}

/* Carry-less product by integer multiplication: of numbers in which only every fourth bit may be set, the
 * product counts the pairs of each position in four bits of its own, and their parity is the sum over
 * GF(2). A count must stay below 16, so the last four bits of b go by masks instead. Takes the same time
 * for all operands wherever the multiplier does, which holds for x86-64 and arm64 alike. */
static inline word_pair carryless(uint64_t a, uint64_t b)
{
    typedef unsigned __int128 wide;
    word_pair sum = {0, 0};
    for (int position = 0; position < 4; position++) {
        wide counts = 0;
        for (int i = 0; i < 4; i++)
            counts ^= (wide)every_fourth(a, i) * (every_fourth(b, (position - i) & 3) << 4 >> 4);
        sum.low ^= every_fourth((uint64_t)counts, position);
        sum.high ^= every_fourth((uint64_t)(counts >> 64), position);
    }
    for (int bit = 60; bit < 64; bit++) {
        uint64_t chosen = a & -(b >> bit & 1);
        sum.low ^= chosen << bit;
        sum.high ^= chosen >> (64 - bit);
    }
    return sum;
}

/* Row r takes the low halves of t[BASE_WORDS + r - q] * x[q] and the high halves of the word before. */
static void square_base(uint64_t *y, const uint64_t *t, const uint64_t *x)
{
    uint64_t rows[BASE_WORDS + 2] = {0}; /* row -1 first, whose high halves count, and one row beyond */
    for (int q = 0; q < BASE_WORDS; q++)
        for (int r = 0; r <= BASE_WORDS; r++) {
            word_pair p = carryless(t[BASE_WORDS - 1 + r - q], x[q]);
            rows[r] ^= p.low;
            rows[r + 1] ^= p.high;
        }
    for (int r = 0; r < BASE_WORDS; r++)
        y[r] ^= rows[r + 1];
}

#include "toeplitz_hash/karatsuba.inc.h"

#include "toeplitz_hash/words.inc.h"
#include "toeplitz_hash/transform.inc.h"
#include "toeplitz_hash/exports.inc.h"

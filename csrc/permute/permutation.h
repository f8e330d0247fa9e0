/* A permutation of 64 W bits that needs no table: where a bit goes, and where it came from, is arithmetic.
 *
 * Bits stand in W words. A round moves each word to another place and rotates it, both by keyed integer
 * mixing, then shifts the 64 columns along the words, cyclically, four columns by each distance: columns 16
 * apart in the first round, neighbours in the second. So no two bits of a word stay together. */
#pragma once
#include "kernels.h"

enum { ROUNDS = 2, GROUPS = 16, ROUND_WORDS = 3 + GROUPS };
_Static_assert(PERMUTATION_WORDS == ROUNDS * ROUND_WORDS, "as much as all rounds take");

typedef struct {
    uint32_t first_factor, second_factor, first_inverse, second_inverse; /* odd, modulo 2^32 */
    uint32_t offset, rotation, mask, fold;
    uint32_t shift[GROUPS]; /* of each group of columns, below W */
} round_key;

typedef struct {
    uint32_t n_words;
    round_key rounds[ROUNDS];
} permutation;

/* Newton's iteration doubles the bits that are right, from three. */
static inline uint32_t inverse_of_odd(uint32_t x)
{
    uint32_t y = x;
    for (int i = 0; i < 4; i++)
        y *= 2 - x * y;
    return y;
}

/* PERMUTATION_WORDS random words make a key for 64 n_words bits; n_words is at least 1. */
static inline permutation make_permutation(const uint64_t *random, uint32_t n_words)
{
    permutation p = {.n_words = n_words};
    uint32_t bits = 0;
    while (bits < 31 && (uint32_t)1 << bits < n_words)
        bits++;
    for (int r = 0; r < ROUNDS; r++, random += ROUND_WORDS) {
        round_key *k = p.rounds + r;
        k->mask = ((uint32_t)1 << bits) - 1;
        k->fold = bits / 2 + 1;
        k->first_factor = (uint32_t)random[0] | 1;
        k->second_factor = (uint32_t)(random[0] >> 32) | 1;
        k->first_inverse = inverse_of_odd(k->first_factor);
        k->second_inverse = inverse_of_odd(k->second_factor);
        k->offset = (uint32_t)random[1];
        k->rotation = (uint32_t)random[2] | 1;
        for (int g = 0; g < GROUPS; g++)
            k->shift[g] = (uint32_t)((random[3 + g] >> 32) * n_words >> 32);
    }
    return p;
}

/* The group of a column, in round 0 or 1. */
static inline uint32_t group_of(int round, uint32_t column)
{
    return round ? column / 4 : column % 16;
}

static inline uint64_t columns_of(int round, int group)
{
    return round ? (uint64_t)0xf << 4 * group : (uint64_t)0x0001000100010001 << group;
}

static inline uint32_t rotation_of(const round_key *k, uint32_t word)
{
    return (word + 1) * k->rotation >> 26;
}

static inline uint32_t mixed(const round_key *k, uint32_t word)
{
    word = (word * k->first_factor + k->offset) & k->mask;
    word ^= word >> k->fold;
    word = word * k->second_factor & k->mask;
    return word ^ word >> k->fold;
}

static inline uint32_t unmixed(const round_key *k, uint32_t word)
{
    word ^= word >> k->fold;
    word = word * k->second_inverse & k->mask;
    word ^= word >> k->fold;
    return (word - k->offset) * k->first_inverse & k->mask;
}

/* The mixing permutes a power of two of words; places beyond the last word are walked through. */
static inline uint32_t word_after(const round_key *k, uint32_t word, uint32_t n_words)
{
    do
        word = mixed(k, word);
    while (word >= n_words);
    return word;
}

static inline uint32_t word_before(const round_key *k, uint32_t word, uint32_t n_words)
{
    do
        word = unmixed(k, word);
    while (word >= n_words);
    return word;
}

/* Round `r`, onwards and back. With a power of two of words nothing is walked through, and there is no loop. */
static inline uint32_t round_onwards(const permutation *p, int r, uint32_t index, int walks)
{
    const round_key *k = p->rounds + r;
    uint32_t word = index >> 6, bit = (index + rotation_of(k, word)) & 63;
    word = (walks ? word_after(k, word, p->n_words) : mixed(k, word)) + k->shift[group_of(r, bit)];
    word -= word >= p->n_words ? p->n_words : 0;
    return word << 6 | bit;
}

static inline uint32_t round_back(const permutation *p, int r, uint32_t index, int walks)
{
    const round_key *k = p->rounds + r;
    uint32_t word = index >> 6, bit = index & 63, shift = k->shift[group_of(r, bit)];
    word += word < shift ? p->n_words - shift : -shift;
    word = walks ? word_before(k, word, p->n_words) : unmixed(k, word);
    return word << 6 | ((bit - rotation_of(k, word)) & 63);
}

static inline int walks(const permutation *p)
{
    return p->n_words & (p->n_words - 1);
}

/* Where bit `index` goes. */
static inline uint32_t place_of(const permutation *p, uint32_t index)
{
    for (int r = 0; r < ROUNDS; r++)
        index = round_onwards(p, r, index, 1);
    return index;
}

/* Which bit comes to `place`. */
static inline uint32_t index_at(const permutation *p, uint32_t place)
{
    for (int r = ROUNDS; r-- > 0;)
        place = round_back(p, r, place, 1);
    return place;
}

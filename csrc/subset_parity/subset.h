/* A random subset of bits, word by word: the mixing of splitmix64 (G. Steele, D. Lea and C. Flood, OOPSLA
 * 2014, p. 453) over a counter, started at a random number. */
#pragma once
#include <stdint.h>

static inline uint64_t subset_word(uint64_t subset, uint64_t word)
{
    uint64_t z = subset + (word + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

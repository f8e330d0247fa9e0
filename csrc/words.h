/* 64-bit words out of packed bit strings of any alignment and length. */
#pragma once
#include <stdint.h>
#include <string.h>

static inline uint64_t load_word(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline void store_word(uint8_t *bytes, uint64_t word)
{
    memcpy(bytes, &word, sizeof word);
}

/* The last word of a string: n_bytes < 8 of it exist, the rest reads as zero. */
static inline uint64_t load_tail(const uint8_t *bytes, size_t n_bytes)
{
    uint64_t word = 0;
    memcpy(&word, bytes, n_bytes);
    return word;
}

static inline size_t bytes_for(size_t n_bits)
{
    return n_bits / 8 + (n_bits % 8 != 0);
}

/* Clear the unused bits of the last byte. */
static inline void clear_unused(uint8_t *bytes, size_t n_bits)
{
    if (n_bits % 8)
        bytes[n_bits / 8] &= (uint8_t)((1u << n_bits % 8) - 1);
}

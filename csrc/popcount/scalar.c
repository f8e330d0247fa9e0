#include "popcount/popcount.h"
#include "words.h"

/* Sums of neighbours, twice as wide each step. The compiler's builtin may be a table lookup by key bytes. */
static inline uint64_t ones(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return word * 0x0101010101010101 >> 56;
}

uint64_t popcount_scalar(const uint8_t *bytes, size_t n_bytes)
{
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 8 <= n_bytes; i += 8)
        count += ones(load_word(bytes + i));
    return count + ones(load_tail(bytes + i, n_bytes - i));
}

#include "prefix_parity/prefix_parity.h"

#define TARGET

static inline uint64_t prefix(uint64_t word)
{
    for (int step = 1; step < 64; step *= 2)
        word ^= word << step;
    return word;
}

#include "prefix_parity/by_words.inc.h"

void prefix_parity_scalar(const uint8_t *bits, size_t n_bits, uint8_t *out)
{
    prefix_parity_by_words(bits, n_bits, out, 0, 0);
}

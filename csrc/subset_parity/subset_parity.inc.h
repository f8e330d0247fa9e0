/* Included by each variant, which defines first TARGET and LANES, words side by side. */
#include "subset_parity/subset.h"
#include "words.h"

TARGET static inline unsigned parity_of_subset(uint64_t subset, const uint8_t *bits, size_t n_words)
{
    uint64_t sums[LANES] = {0}, sum = 0;
    size_t word = 0;
    for (; word + LANES <= n_words; word += LANES)
        for (size_t i = 0; i < LANES; i++)
            sums[i] ^= subset_word(subset, word + i) & load_word(bits + 8 * (word + i));
    for (; word < n_words; word++)
        sum ^= subset_word(subset, word) & load_word(bits + 8 * word);
    for (size_t i = 0; i < LANES; i++)
        sum ^= sums[i];
    return (unsigned)__builtin_popcountll(sum) & 1;
}

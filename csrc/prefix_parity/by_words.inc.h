/* Prefix parity word by word. Included by variants that define TARGET and prefix(), the prefix parity of
 * one word; `carry` is what every bit of the next word must be flipped by. */
#include "words.h"

TARGET static inline uint64_t carry_of(uint64_t word)
{
    return (uint64_t)((int64_t)word >> 63);
}

/* From byte `i` on. */
TARGET static inline void prefix_parity_by_words(const uint8_t *bits, size_t n_bits, uint8_t *out, size_t i,
                                                 uint64_t carry)
{
    size_t n_bytes = bytes_for(n_bits);
    for (; i + 8 <= n_bytes; i += 8) {
        uint64_t word = prefix(load_word(bits + i)) ^ carry;
        store_word(out + i, word);
        carry = carry_of(word);
    }
    uint64_t tail = prefix(load_tail(bits + i, n_bytes - i)) ^ carry;
    memcpy(out + i, &tail, n_bytes - i);
    clear_unused(out, n_bits);
}

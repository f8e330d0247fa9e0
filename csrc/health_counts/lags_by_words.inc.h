/* Word by word. Included by variants that define TARGET and ones_in(). */
#include "kernels.h"
#include "words.h"

TARGET static inline void add_lags(const uint8_t *bits, size_t n, uint64_t *differ)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t word = load_word(bits + 8 * i), next = load_word(bits + 8 * i + 8);
        for (unsigned d = 1; d < LAGS; d++)
            differ[d - 1] += ones_in(word ^ (word >> d | next << (64 - d)));
        differ[LAGS - 1] += ones_in(word ^ next);
    }
}

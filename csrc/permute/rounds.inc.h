/* Permuting whole bit strings, round by round, as permutation.h says of single bits.
 *
 * Included by each variant, which defines first TARGET, its target attribute, and LANES, words side by side. */
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "permute/permutation.h"

typedef uint64_t lanes __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

static inline uint64_t rotated_left(uint64_t word, uint32_t by)
{
    return word << (by & 63) | word >> (-by & 63);
}

TARGET static inline void shuffle_words(const round_key *k, const uint64_t *from, uint32_t n, uint64_t *to)
{
    for (uint32_t word = 0; word < n; word++)
        to[word_after(k, word, n)] = rotated_left(from[word], rotation_of(k, word));
}

TARGET static inline void unshuffle_words(const round_key *k, const uint64_t *from, uint32_t n, uint64_t *to)
{
    for (uint32_t word = 0; word < n; word++)
        to[word] = rotated_left(from[word_after(k, word, n)], -rotation_of(k, word));
}

/* Four groups of columns at a time; `from` stands twice in a row, so that no shift wraps. */
TARGET static inline void add_columns(const uint64_t *const from[4], const uint64_t columns[4], uint32_t n,
                                      uint64_t *to)
{
    for (uint32_t word = 0; word < n; word += LANES) {
        lanes sum = *(const lanes *)(to + word);
        for (int i = 0; i < 4; i++)
            sum |= *(const lanes *)(from[i] + word) & columns[i];
        *(lanes *)(to + word) = sum;
    }
}

/* Shift the groups of columns of a round by their distances, onwards or back. */
TARGET static inline void shift_columns(const round_key *k, int round, int back, uint64_t *twice, uint32_t n,
                                        uint64_t *to)
{
    memcpy(twice + n, twice, n * sizeof *twice);
    memset(to, 0, n * sizeof *to);
    for (int first = 0; first < GROUPS; first += 4) {
        const uint64_t *from[4];
        uint64_t columns[4];
        for (int i = 0; i < 4; i++) {
            from[i] = twice + (back ? k->shift[first + i] : n - k->shift[first + i]);
            columns[i] = columns_of(round, first + i);
        }
        add_columns(from, columns, n, to);
    }
}

TARGET static inline void permute_rounds(const permutation *p, uint64_t *bits, uint64_t *twice, int backwards)
{
    uint32_t n = p->n_words;
    for (int i = 0; i < ROUNDS; i++) {
        int round = backwards ? ROUNDS - 1 - i : i;
        const round_key *k = p->rounds + round;
        if (backwards) {
            memcpy(twice, bits, n * sizeof *bits);
            shift_columns(k, round, 1, twice, n, bits);
            unshuffle_words(k, bits, n, twice);
            memcpy(bits, twice, n * sizeof *bits);
        } else {
            shuffle_words(k, bits, n, twice);
            shift_columns(k, round, 0, twice, n, bits);
        }
    }
}

/* Scratch holds the key, and is wiped. Vectors run over the end of a string by LANES words at most. */
TARGET static int permute_words(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards,
                                uint8_t *to)
{
    if (!n_words)
        return 0;
    size_t n_bytes = (3 * n_words + 2 * LANES) * sizeof(uint64_t);
    uint64_t *memory = malloc(n_bytes);
    if (!memory)
        return -NO_MEMORY;
    permutation p = make_permutation(random, (uint32_t)n_words);
    memcpy(memory, from, 8 * n_words);
    permute_rounds(&p, memory, memory + n_words + LANES, backwards);
    memcpy(to, memory, 8 * n_words);
    explicit_bzero(memory, n_bytes);
    free(memory);
    return 0;
}

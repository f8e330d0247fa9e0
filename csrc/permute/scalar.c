#include "permute/permute.h"

#define TARGET
#define LANES 1

#include "permute/rounds.inc.h"

int permute_scalar(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to)
{
    return permute_words(random, from, n_words, backwards, to);
}

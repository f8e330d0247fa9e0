#include "permute/permute.h"

#include "isa.h"

#define TARGET TARGET_AVX2
#define LANES 4

#include "permute/rounds.inc.h"

TARGET_AVX2 int permute_avx2(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards,
                             uint8_t *to)
{
    return permute_words(random, from, n_words, backwards, to);
}

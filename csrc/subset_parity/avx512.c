#include "subset_parity/subset_parity.h"

#include "isa.h"

#define TARGET TARGET_AVX512
#define LANES 8

#include "subset_parity/subset_parity.inc.h"

TARGET_AVX512 unsigned subset_parity_avx512(uint64_t subset, const uint8_t *bits, size_t n_words)
{
    return parity_of_subset(subset, bits, n_words);
}

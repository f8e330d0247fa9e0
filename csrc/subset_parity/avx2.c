#include "subset_parity/subset_parity.h"

#include "isa.h"

#define TARGET TARGET_AVX2
#define LANES 4

#include "subset_parity/subset_parity.inc.h"

TARGET_AVX2 unsigned subset_parity_avx2(uint64_t subset, const uint8_t *bits, size_t n_words)
{
    return parity_of_subset(subset, bits, n_words);
}

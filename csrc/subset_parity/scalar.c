#include "subset_parity/subset_parity.h"

#define TARGET
#define LANES 1

#include "subset_parity/subset_parity.inc.h"

unsigned subset_parity_scalar(uint64_t subset, const uint8_t *bits, size_t n_words)
{
    return parity_of_subset(subset, bits, n_words);
}

/* Counting into bins does not vectorise: there is this variant only. */
#include "correlate/correlate.h"

/* Differences are taken modulo 2^64; below the span of the bins they are what they seem. */
size_t correlate_scalar(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b, int64_t first_ps,
                        uint64_t bin_ps, size_t n_bins, uint64_t most_pairs, uint64_t *counts)
{
    const uint64_t span = bin_ps * n_bins;
    const double per_ps = 1.0 / (double)bin_ps;
    size_t from = 0;
    for (size_t i = 0; i < n_a; i++) {
        int64_t earliest = a_ps[i] + first_ps;
        while (from < n_b && b_ps[from] < earliest)
            from++;
        for (size_t j = from; j < n_b; j++) {
            uint64_t beyond = (uint64_t)b_ps[j] - (uint64_t)earliest;
            if (beyond >= span)
                break;
            if (!most_pairs--)
                return i;
            /* The quotient of doubles is off by one at most. */
            uint64_t bin = (uint64_t)((double)beyond * per_ps);
            bin -= bin * bin_ps > beyond;
            bin += (bin + 1) * bin_ps <= beyond;
            counts[bin]++;
        }
    }
    return n_a;
}

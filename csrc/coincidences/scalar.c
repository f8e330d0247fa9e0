#include "coincidences/coincidences.h"
#include "coincidences/merge.h"

size_t coincidences_scalar(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                           uint64_t window_ps, uint32_t *index_a, uint32_t *index_b)
{
    merge_state start = {0, 0, 0};
    if (any_disorder(a_ps, 0, n_a) | any_disorder(b_ps, 0, n_b))
        return DISORDER;
    return merge_until(start, n_a, n_b, a_ps, b_ps, window_ps, index_a, index_b).pairs;
}

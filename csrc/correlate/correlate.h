#pragma once
#include <stddef.h>
#include <stdint.h>

size_t correlate_scalar(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b, int64_t first_ps,
                        uint64_t bin_ps, size_t n_bins, uint64_t most_pairs, uint64_t *counts);

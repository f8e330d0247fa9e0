#pragma once
#include <stddef.h>
#include <stdint.h>

size_t coincidences_scalar(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                           uint64_t window_ps, uint32_t *index_a, uint32_t *index_b);
size_t coincidences_avx2(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                         uint64_t window_ps, uint32_t *index_a, uint32_t *index_b);
size_t coincidences_avx512(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                           uint64_t window_ps, uint32_t *index_a, uint32_t *index_b);

#pragma once
#include <stddef.h>
#include <stdint.h>

size_t gate_slots_scalar(const int64_t *time_ps, size_t n, int64_t start_ps, double centre_ps, double period_ps,
                         double half_gate_ps, uint32_t n_slots, uint32_t *slot,
                          uint32_t *index, double *beyond_ps, uint64_t *n_inside);
size_t gate_slots_avx512(const int64_t *time_ps, size_t n, int64_t start_ps, double centre_ps, double period_ps,
                         double half_gate_ps, uint32_t n_slots, uint32_t *slot,
                          uint32_t *index, double *beyond_ps, uint64_t *n_inside);

#pragma once
#include <stddef.h>
#include <stdint.h>

void health_counts_scalar(const uint8_t *bits, size_t n_bits, uint64_t *counts);
void health_counts_avx2(const uint8_t *bits, size_t n_bits, uint64_t *counts);
void health_counts_avx512(const uint8_t *bits, size_t n_bits, uint64_t *counts);

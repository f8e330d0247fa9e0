#pragma once
#include <stddef.h>
#include <stdint.h>

void prefix_parity_scalar(const uint8_t *bits, size_t n_bits, uint8_t *out);
void prefix_parity_avx2(const uint8_t *bits, size_t n_bits, uint8_t *out);
void prefix_parity_avx512(const uint8_t *bits, size_t n_bits, uint8_t *out);

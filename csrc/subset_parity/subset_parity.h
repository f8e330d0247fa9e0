#pragma once
#include <stddef.h>
#include <stdint.h>

unsigned subset_parity_scalar(uint64_t subset, const uint8_t *bits, size_t n_words);
unsigned subset_parity_avx2(uint64_t subset, const uint8_t *bits, size_t n_words);
unsigned subset_parity_avx512(uint64_t subset, const uint8_t *bits, size_t n_words);

#pragma once
#include <stddef.h>
#include <stdint.h>

uint64_t popcount_scalar(const uint8_t *bytes, size_t n_bytes);
uint64_t popcount_avx2(const uint8_t *bytes, size_t n_bytes);
uint64_t popcount_avx512(const uint8_t *bytes, size_t n_bytes);

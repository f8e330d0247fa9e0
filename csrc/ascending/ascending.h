#pragma once
#include <stddef.h>
#include <stdint.h>

size_t pack_ascending_scalar(const int64_t *values, size_t n, unsigned low_bits, uint8_t *out, size_t room);
int unpack_ascending_scalar(const uint8_t *coded, size_t n_bytes, unsigned low_bits, int64_t first, int64_t most,
                            size_t n_steps, int64_t *values);

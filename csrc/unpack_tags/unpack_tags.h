#pragma once
#include <stddef.h>
#include <stdint.h>

int unpack_tags_scalar(const uint8_t *packed, size_t n_bytes, size_t n, int64_t *time_ps, uint8_t *channel);
int unpack_tags_avx512(const uint8_t *packed, size_t n_bytes, size_t n, int64_t *time_ps, uint8_t *channel);

#pragma once
#include <stddef.h>
#include <stdint.h>

size_t pack_tags_scalar(const int64_t *time_ps, const uint8_t *channel, size_t n, uint8_t *out);
size_t pack_tags_avx512(const int64_t *time_ps, const uint8_t *channel, size_t n, uint8_t *out);

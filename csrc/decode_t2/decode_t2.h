#pragma once
#include <stddef.h>
#include <stdint.h>

size_t decode_t2_scalar(const uint32_t *records, size_t n, uint64_t wrap, int counted, uint64_t tick,
                        uint64_t *wraps, int64_t *time, uint8_t *channel);
size_t decode_t2_avx2(const uint32_t *records, size_t n, uint64_t wrap, int counted, uint64_t tick,
                      uint64_t *wraps, int64_t *time, uint8_t *channel);
size_t decode_t2_avx512(const uint32_t *records, size_t n, uint64_t wrap, int counted, uint64_t tick,
                        uint64_t *wraps, int64_t *time, uint8_t *channel);

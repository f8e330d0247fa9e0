#pragma once
#include <stddef.h>
#include <stdint.h>

size_t first_disorder_scalar(const int64_t *time_ps, size_t n);
size_t first_disorder_avx2(const int64_t *time_ps, size_t n);
size_t first_disorder_avx512(const int64_t *time_ps, size_t n);

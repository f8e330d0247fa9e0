#pragma once
#include <stddef.h>
#include <stdint.h>

size_t slide_states_scalar(const uint8_t *planes, size_t plane_bytes, size_t n_states, const int64_t *slot,
                           const uint8_t *outcome, size_t n, int64_t first_lag, size_t n_lags, size_t n_best,
                           int32_t *score, int64_t *lag);
size_t slide_states_avx2(const uint8_t *planes, size_t plane_bytes, size_t n_states, const int64_t *slot,
                         const uint8_t *outcome, size_t n, int64_t first_lag, size_t n_lags, size_t n_best,
                         int32_t *score, int64_t *lag);
size_t slide_states_avx512(const uint8_t *planes, size_t plane_bytes, size_t n_states, const int64_t *slot,
                           const uint8_t *outcome, size_t n, int64_t first_lag, size_t n_lags, size_t n_best,
                           int32_t *score, int64_t *lag);

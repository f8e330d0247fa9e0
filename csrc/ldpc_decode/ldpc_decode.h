#pragma once
#include "kernels.h"

qkd_decoder *decoder_new_scalar(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                             size_t n_entries, size_t n_columns);
void decoder_start_scalar(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                       int ratio);
int decoder_run_scalar(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                    size_t patience, uint8_t *out);
void decoder_free_scalar(qkd_decoder *decoder);

qkd_decoder *decoder_new_avx2(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                             size_t n_entries, size_t n_columns);
void decoder_start_avx2(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                       int ratio);
int decoder_run_avx2(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                    size_t patience, uint8_t *out);
void decoder_free_avx2(qkd_decoder *decoder);

qkd_decoder *decoder_new_avx512(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                             size_t n_entries, size_t n_columns);
void decoder_start_avx512(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                       int ratio);
int decoder_run_avx512(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                    size_t patience, uint8_t *out);
void decoder_free_avx512(qkd_decoder *decoder);

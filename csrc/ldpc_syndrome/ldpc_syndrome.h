#pragma once
#include <stddef.h>
#include <stdint.h>

int ldpc_syndrome_scalar(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                         const uint8_t *shift, size_t n_entries, const uint8_t *bits, size_t n_columns,
                         uint8_t *syndrome);
int ldpc_syndrome_avx512(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                         const uint8_t *shift, size_t n_entries, const uint8_t *bits, size_t n_columns,
                         uint8_t *syndrome);

int ldpc_fault_scalar(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                      size_t n_entries, size_t n_columns);

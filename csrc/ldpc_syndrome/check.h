/* Every index of a code, checked before any is used. Without early exits, so that compilers vectorise it. */
#pragma once
#include "kernels.h"

static inline int rows_are_sound(const uint32_t *row_start, size_t n_rows, size_t n_entries)
{
    int descents = 0;
    for (size_t i = 0; i < n_rows; i++)
        descents |= row_start[i + 1] < row_start[i];
    return !descents && row_start[0] == 0 && row_start[n_rows] == n_entries;
}

static inline int check_code(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                             const uint8_t *shift, size_t n_entries, size_t n_columns)
{
    int column_beyond = 0;
    uint8_t shift_bits = 0;
    for (size_t e = 0; e < n_entries; e++)
        column_beyond |= column[e] >= n_columns;
    for (size_t e = 0; e < n_entries; e++)
        shift_bits |= shift[e];
    if (!rows_are_sound(row_start, n_rows, n_entries))
        return CODE_BAD_ROWS;
    if (column_beyond)
        return CODE_BAD_COLUMN;
    return shift_bits < 64 ? CODE_SOUND : CODE_BAD_SHIFT;
}

#include "ldpc_syndrome/ldpc_syndrome.h"
#include "ldpc_syndrome/check.h"
#include "words.h"

static inline uint64_t rotate_right(uint64_t word, unsigned by)
{
    return word >> by | word << (-by & 63);
}

int ldpc_fault_scalar(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                      size_t n_entries, size_t n_columns)
{
    return check_code(row_start, n_rows, column, shift, n_entries, n_columns);
}

int ldpc_syndrome_scalar(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                         const uint8_t *shift, size_t n_entries, const uint8_t *bits, size_t n_columns,
                         uint8_t *syndrome)
{
    int fault = check_code(row_start, n_rows, column, shift, n_entries, n_columns);
    if (fault)
        return fault;
    for (size_t i = 0; i < n_rows; i++) {
        uint64_t sum = 0;
        for (size_t e = row_start[i]; e < row_start[i + 1]; e++)
            sum ^= rotate_right(load_word(bits + 8 * (size_t)column[e]), shift[e]);
        store_word(syndrome + 8 * i, sum);
    }
    return CODE_SOUND;
}

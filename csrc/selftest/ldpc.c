/* LDPC: syndromes, and decoding. */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"

void try_ldpc_syndrome(const qkd_kernels *kernels, const char *level)
{
    size_t rows = below(10), columns = 1 + below(40), n = 0;
    uint32_t *row_start = room((rows + 1) * sizeof *row_start);
    row_start[0] = 0;
    for (size_t i = 0; i < rows; i++)
        row_start[i + 1] = (uint32_t)(n += below(30));
    uint32_t *column = room(n * sizeof *column);
    uint8_t *shift = room(n), *bits = random_bits(64 * columns), *out = random_bits(64 * rows);
    for (size_t e = 0; e < n; e++) {
        column[e] = (uint32_t)below(columns);
        shift[e] = (uint8_t)below(64);
    }
    int fault = kernels->ldpc_syndrome(row_start, rows, column, shift, n, bits, columns, out);
    expect(fault == CODE_SOUND, "ldpc_syndrome", level, n);
    for (size_t i = 0; i < 64 * rows; i++) {
        unsigned sum = 0;
        for (size_t e = row_start[i / 64]; e < row_start[i / 64 + 1]; e++)
            sum ^= bit(bits, 64 * (size_t)column[e] + (i + shift[e]) % 64);
        expect(bit(out, i) == sum, "ldpc_syndrome", level, n);
    }
    expect(kernels->ldpc_fault(row_start, rows, column, shift, n, columns) == CODE_SOUND, "ldpc_fault", level, n);
    if (n)
        column[below(n)] = (uint32_t)columns;
    fault = kernels->ldpc_fault(row_start, rows, column, shift, n, columns);
    expect(fault == (n ? CODE_BAD_COLUMN : CODE_SOUND), "ldpc_fault", level, n);
    free(row_start);
    free(column);
    free(shift);
    free(bits);
    free(out);
}

/* The decoder at any level gives what the scalar one gives, and what it calls decoded is. */
void try_ldpc_decode(const qkd_kernels *kernels, const char *level)
{
    enum { ROWS = 4, COLUMNS = 9 };
    uint32_t row_start[ROWS + 1] = {0}, column[ROWS * COLUMNS];
    uint8_t shift[ROWS * COLUMNS], out[8 * COLUMNS], expected[8 * COLUMNS], sums[8 * ROWS], tables[12 * 128];
    size_t n = 0;
    for (size_t row = 0; row < ROWS; row_start[++row] = (uint32_t)n)
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (below(2)) {
                shift[n] = (uint8_t)below(64);
                column[n++] = c;
            }
    for (size_t i = 0; i < sizeof tables; i++) /* of the shape of phi, and its inverse */
        tables[i] = i < 512 && i % 128 == 0 ? 128 : (uint8_t)(40 / (1 + i % 128) + below(2));
    for (size_t i = 4; i < 12; i++)
        tables[128 * i + 127] = 0;
    uint8_t *wanted = random_bits(64 * ROWS), *parts[3];
    for (int i = 0; i < 3; i++)
        parts[i] = random_bits(64 * COLUMNS);
    if (below(2))
        memset(wanted, 0, 8 * ROWS);
    size_t patience = below(2) ? 9 : 0;
    int ratio = (int)below(128), sweeps[2];
    const qkd_kernels *both[] = {kernels, qkd_kernels_at(LEVEL_SCALAR)};
    for (int i = 0; i < 2; i++) {
        qkd_decoder *decoder = both[i]->decoder_new(row_start, ROWS, column, shift, n, COLUMNS);
        expect(decoder != NULL, "decoder_new", level, n);
        both[i]->decoder_start(decoder, parts[0], parts[1], parts[2], ratio);
        both[i]->decoder_run(decoder, tables, wanted, 3, patience, i ? expected : out);
        sweeps[i] = both[i]->decoder_run(decoder, tables, wanted, 6, patience, i ? expected : out);
        both[i]->decoder_free(decoder);
    }
    expect(sweeps[0] == sweeps[1] && !memcmp(out, expected, sizeof out), "decoder_run", level, n);
    both[1]->ldpc_syndrome(row_start, ROWS, column, shift, n, out, COLUMNS, sums);
    expect(!sweeps[0] || !memcmp(sums, wanted, sizeof sums), "decoder_run", level, n);
    for (int i = 0; i < 3; i++)
        free(parts[i]);
    free(wanted);
}

#include "ldpc_decode/ldpc_decode.h"

#define TARGET
#define COLUMN_BYTES 128 /* twice in a row: a rotation is a load at an offset */

#include <stdint.h>
#include <string.h>

typedef struct {
    uint8_t lane[64];
} row;

#define EVERY(expression)                                                                                     \
    do {                                                                                                      \
        row result;                                                                                           \
        for (int i = 0; i < 64; i++)                                                                          \
            result.lane[i] = (uint8_t)(expression);                                                           \
        return result;                                                                                        \
    } while (0)

static inline int less(int x, int limit) { return x < limit ? x : limit; }
static inline int more(int x, int limit) { return x > limit ? x : limit; }
static inline int number(uint8_t lane) { return (int8_t)lane; }

static inline row every(int8_t value) { EVERY(value); }
static inline row exclusive_or(row x, row y) { EVERY(x.lane[i] ^ y.lane[i]); }
static inline row plain_difference(row x, row y) { EVERY(x.lane[i] - y.lane[i]); }
static inline row at_most(row x, int8_t limit) { EVERY(less(number(x.lane[i]), limit)); }
static inline row at_least(row x, int8_t limit) { EVERY(more(number(x.lane[i]), limit)); }
static inline row sum_up_to_255(row x, row y) { EVERY(less(x.lane[i] + y.lane[i], 255)); }
static inline row difference_down_to_0(row x, row y) { EVERY(more(x.lane[i] - y.lane[i], 0)); }
static inline row magnitude_of(row x) { EVERY(number(x.lane[i]) < 0 ? -number(x.lane[i]) : number(x.lane[i])); }

static inline row saturating_sum(row x, row y)
{
    EVERY(more(less(number(x.lane[i]) + number(y.lane[i]), 127), -128));
}

static inline row saturating_difference(row x, row y)
{
    EVERY(more(less(number(x.lane[i]) - number(y.lane[i]), 127), -128));
}

static inline row load(const uint8_t *from)
{
    row x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline row rotated(const uint8_t *columns, uint32_t spot) { return load(columns + spot); }
static inline void store(uint8_t *to, row x) { memcpy(to, &x, sizeof x); }

static inline void store_column(uint8_t *column, row x)
{
    store(column, x);
    store(column + 64, x);
}

static inline uint64_t sign_bits(row x)
{
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++)
        mask |= (uint64_t)(x.lane[i] >> 7) << i;
    return mask;
}

static inline row chosen(uint64_t mask, row yes, row no)
{
    EVERY((yes.lane[i] & -(mask >> i & 1)) | (no.lane[i] & ((mask >> i & 1) - 1)));
}

static inline row negated_where(uint64_t mask, row x)
{
    EVERY((x.lane[i] ^ -(mask >> i & 1)) + (mask >> i & 1));
}

static inline row signed_as(row signs, row x) { return negated_where(sign_bits(signs), x); }

typedef struct {
    const uint8_t *phi[4], *ratio[2];
} tables;

static inline tables load_tables(const uint8_t *given, size_t number_of_sweep, int late)
{
    tables t;
    for (size_t i = 0; i < 4; i++)
        t.phi[i] = given + 128 * ((i + number_of_sweep) & 3);
    for (size_t i = 0; i < 2; i++)
        t.ratio[i] = given + 4 * 128 + (late ? 4 * 128 : 0) + 128 * ((i + number_of_sweep) & 3);
    return t;
}

static inline row phi(const tables *t, row x, size_t rounding) { EVERY(t->phi[rounding][x.lane[i]]); }

/* Sums of 127 and more tell nothing. */
static inline row ratio(const tables *t, row x, size_t rounding)
{
    EVERY(t->ratio[rounding][less(x.lane[i], 127)]);
}

#include "ldpc_decode/layers.inc.h"

qkd_decoder *decoder_new_scalar(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                                size_t n_entries, size_t n_columns)
{
    base_matrix code = {row_start, column, shift, n_rows, n_columns, n_entries};
    return new_decoder(&code);
}

void decoder_start_scalar(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                          int ratio)
{
    start(decoder, bits, known, unknown, ratio);
}

int decoder_run_scalar(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                       size_t patience, uint8_t *out)
{
    return decode(decoder, syndrome, tables, max_sweeps, patience, out);
}

void decoder_free_scalar(qkd_decoder *decoder)
{
    free_decoder(decoder);
}

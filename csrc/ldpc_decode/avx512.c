#include "ldpc_decode/ldpc_decode.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX512
#define COLUMN_BYTES 64
#define OP TARGET static inline __attribute__((always_inline))

typedef __m512i row;

/* Row k: by which bytes a column is turned by k. */
static const uint8_t turned[64][64] __attribute__((aligned(64))) = {
#define BYTE(i) (i) & 63
#define EIGHT(i) BYTE(i), BYTE(i + 1), BYTE(i + 2), BYTE(i + 3), BYTE(i + 4), BYTE(i + 5), BYTE(i + 6), BYTE(i + 7)
#define ROW(k) {EIGHT(k), EIGHT(k + 8), EIGHT(k + 16), EIGHT(k + 24), EIGHT(k + 32), EIGHT(k + 40), EIGHT(k + 48), EIGHT(k + 56)}
#define ROWS(k) ROW(k), ROW(k + 1), ROW(k + 2), ROW(k + 3), ROW(k + 4), ROW(k + 5), ROW(k + 6), ROW(k + 7)
    ROWS(0), ROWS(8), ROWS(16), ROWS(24), ROWS(32), ROWS(40), ROWS(48), ROWS(56),
};

OP row load(const uint8_t *from) { return _mm512_load_si512(from); }
OP void store(uint8_t *to, row x) { _mm512_store_si512(to, x); }
OP void store_column(uint8_t *column, row x) { _mm512_store_si512(column, x); }
OP row every(int8_t value) { return _mm512_set1_epi8(value); }
OP row exclusive_or(row x, row y) { return _mm512_xor_si512(x, y); }
OP row plain_difference(row x, row y) { return _mm512_sub_epi8(x, y); }
OP row saturating_difference(row x, row y) { return _mm512_subs_epi8(x, y); }
OP row saturating_sum(row x, row y) { return _mm512_adds_epi8(x, y); }
OP row at_most(row x, int8_t limit) { return _mm512_min_epi8(x, every(limit)); }
OP row at_least(row x, int8_t limit) { return _mm512_max_epi8(x, every(limit)); }
OP row sum_up_to_255(row x, row y) { return _mm512_adds_epu8(x, y); }
OP row difference_down_to_0(row x, row y) { return _mm512_subs_epu8(x, y); }
OP row magnitude_of(row x) { return _mm512_abs_epi8(x); }
OP uint64_t sign_bits(row x) { return _mm512_movepi8_mask(x); }
OP row chosen(uint64_t mask, row yes, row no) { return _mm512_mask_blend_epi8(mask, no, yes); }
OP row negated_where(uint64_t mask, row x) { return _mm512_mask_sub_epi8(x, mask, every(0), x); }
OP row signed_as(row signs, row x) { return negated_where(sign_bits(signs), x); }

/* Byte i of the result is byte i + by, modulo 64, of the column at `spot - by`, where `by` is below 64. */
OP row rotated(const uint8_t *columns, uint32_t spot)
{
    return _mm512_permutexvar_epi8(load(turned[spot & 63]), load(columns + (spot & ~63u)));
}

/* The tables of a sweep, in registers: two for 128 entries. */
typedef struct {
    row phi[4][2], ratio[2][2];
} tables;

OP tables load_tables(const uint8_t *given, size_t number, int late)
{
    tables t;
    const uint8_t *ratios = given + 4 * 128 + (late ? 4 * 128 : 0);
    for (size_t i = 0; i < 4; i++)
        for (size_t half = 0; half < 2; half++)
            t.phi[i][half] = _mm512_loadu_si512(given + 128 * ((i + number) & 3) + 64 * half);
    for (size_t i = 0; i < 2; i++)
        for (size_t half = 0; half < 2; half++)
            t.ratio[i][half] = _mm512_loadu_si512(ratios + 128 * ((i + number) & 3) + 64 * half);
    return t;
}

OP row phi(const tables *t, row x, size_t rounding)
{
    return _mm512_permutex2var_epi8(t->phi[rounding][0], x, t->phi[rounding][1]);
}

/* Sums of 127 and more tell nothing. */
OP row ratio(const tables *t, row x, size_t rounding)
{
    row index = _mm512_min_epu8(x, every(127));
    return _mm512_permutex2var_epi8(t->ratio[rounding][0], index, t->ratio[rounding][1]);
}

#include "ldpc_decode/layers.inc.h"

TARGET qkd_decoder *decoder_new_avx512(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                                size_t n_entries, size_t n_columns)
{
    base_matrix code = {row_start, column, shift, n_rows, n_columns, n_entries};
    return new_decoder(&code);
}

TARGET void decoder_start_avx512(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                          int ratio)
{
    start(decoder, bits, known, unknown, ratio);
}

TARGET int decoder_run_avx512(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                       size_t patience, uint8_t *out)
{
    return decode(decoder, syndrome, tables, max_sweeps, patience, out);
}

void decoder_free_avx512(qkd_decoder *decoder)
{
    free_decoder(decoder);
}

#include "ldpc_decode/ldpc_decode.h"

#include <immintrin.h>

#include "isa.h"

#define TARGET TARGET_AVX2
#define COLUMN_BYTES 128 /* twice in a row: a rotation is a load at an offset */
#define OP TARGET static inline __attribute__((always_inline))

typedef struct {
    __m256i half[2];
} row;

#define BOTH(expression)                                                                                      \
    do {                                                                                                      \
        row result;                                                                                           \
        for (int h = 0; h < 2; h++)                                                                           \
            result.half[h] = (expression);                                                                    \
        return result;                                                                                        \
    } while (0)

OP row load(const uint8_t *from) { BOTH(_mm256_loadu_si256((const __m256i *)(from + 32 * h))); }
OP row every(int8_t value) { BOTH(_mm256_set1_epi8(value)); }
OP row exclusive_or(row x, row y) { BOTH(_mm256_xor_si256(x.half[h], y.half[h])); }
OP row plain_difference(row x, row y) { BOTH(_mm256_sub_epi8(x.half[h], y.half[h])); }
OP row saturating_sum(row x, row y) { BOTH(_mm256_adds_epi8(x.half[h], y.half[h])); }
OP row sum_up_to_255(row x, row y) { BOTH(_mm256_adds_epu8(x.half[h], y.half[h])); }
OP row difference_down_to_0(row x, row y) { BOTH(_mm256_subs_epu8(x.half[h], y.half[h])); }
OP row magnitude_of(row x) { BOTH(_mm256_abs_epi8(x.half[h])); }
OP row rotated(const uint8_t *column, unsigned by) { return load(column + by); }

OP row difference(row x, row y)
{
    BOTH(_mm256_max_epi8(_mm256_subs_epi8(x.half[h], y.half[h]), _mm256_set1_epi8(-127)));
}

OP void store(uint8_t *to, row x)
{
    for (int h = 0; h < 2; h++)
        _mm256_storeu_si256((__m256i *)(to + 32 * h), x.half[h]);
}

OP void store_column(uint8_t *column, row x)
{
    store(column, x);
    store(column + 64, x);
}

OP uint64_t sign_bits(row x)
{
    return (uint32_t)_mm256_movemask_epi8(x.half[0]) | (uint64_t)(uint32_t)_mm256_movemask_epi8(x.half[1]) << 32;
}

/* All bits of a byte set where the mask has a one. */
OP __m256i bytes_of(uint32_t mask)
{
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    __m256i repeated = _mm256_shuffle_epi8(_mm256_set1_epi32((int)mask), spread);
    return _mm256_cmpeq_epi8(_mm256_and_si256(repeated, bit), bit);
}

OP row chosen(uint64_t mask, row yes, row no)
{
    BOTH(_mm256_blendv_epi8(no.half[h], yes.half[h], bytes_of((uint32_t)(mask >> 32 * h))));
}

OP row negated_where(uint64_t mask, row x)
{
    row zero = every(0);
    return chosen(mask, plain_difference(zero, x), x);
}

/* The tables of a sweep; sixteen entries are one register. */
typedef struct {
    const uint8_t *phi[4], *ratio[2];
} tables;

OP tables load_tables(const uint8_t *given, size_t number, int late)
{
    tables t;
    for (size_t i = 0; i < 4; i++)
        t.phi[i] = given + 128 * ((i + number) & 3);
    for (size_t i = 0; i < 2; i++)
        t.ratio[i] = given + 4 * 128 + (late ? 4 * 128 : 0) + 128 * ((i + number) & 3);
    return t;
}

/* Look up in all sixteens of a table, and keep what comes from the right one: no address depends on x. */
OP row looked_up(const uint8_t *table, row x)
{
    row result = every(0);
    for (int i = 0; i < 8; i++) {
        __m256i part = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * i)));
        for (int h = 0; h < 2; h++) {
            __m256i upper = _mm256_and_si256(_mm256_srli_epi16(x.half[h], 4), _mm256_set1_epi8(15));
            __m256i here = _mm256_cmpeq_epi8(upper, _mm256_set1_epi8((int8_t)i));
            __m256i found = _mm256_shuffle_epi8(part, _mm256_and_si256(x.half[h], _mm256_set1_epi8(15)));
            result.half[h] = _mm256_or_si256(result.half[h], _mm256_and_si256(found, here));
        }
    }
    return result;
}

OP row phi(const tables *t, row x, size_t rounding) { return looked_up(t->phi[rounding], x); }

/* Sums of 128 and more tell nothing. */
OP row ratio(const tables *t, row x, size_t rounding) { return looked_up(t->ratio[rounding], x); }

#include "ldpc_decode/layers.inc.h"

TARGET qkd_decoder *decoder_new_avx2(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                                size_t n_entries, size_t n_columns)
{
    base_matrix code = {row_start, column, shift, n_rows, n_columns, n_entries};
    return new_decoder(&code);
}

TARGET void decoder_start_avx2(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                          int ratio)
{
    start(&decoder->code, bits, known, unknown, ratio, &decoder->b);
}

TARGET int decoder_run_avx2(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                       size_t patience, uint8_t *out)
{
    return decode(&decoder->code, syndrome, tables, max_sweeps, patience, &decoder->b, out);
}

void decoder_free_avx2(qkd_decoder *decoder)
{
    free_decoder(decoder);
}

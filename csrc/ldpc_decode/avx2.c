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
OP row saturating_difference(row x, row y) { BOTH(_mm256_subs_epi8(x.half[h], y.half[h])); }
OP row saturating_sum(row x, row y) { BOTH(_mm256_adds_epi8(x.half[h], y.half[h])); }
OP row at_most(row x, int8_t limit) { BOTH(_mm256_min_epi8(x.half[h], _mm256_set1_epi8(limit))); }
OP row at_least(row x, int8_t limit) { BOTH(_mm256_max_epi8(x.half[h], _mm256_set1_epi8(limit))); }
OP row sum_up_to_255(row x, row y) { BOTH(_mm256_adds_epu8(x.half[h], y.half[h])); }
OP row difference_down_to_0(row x, row y) { BOTH(_mm256_subs_epu8(x.half[h], y.half[h])); }
OP row magnitude_of(row x) { BOTH(_mm256_abs_epi8(x.half[h])); }
OP row rotated(const uint8_t *columns, uint32_t spot) { return load(columns + spot); }

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

/* Negated where `signs` is negative. */
OP row signed_as(row signs, row x)
{
    BOTH(_mm256_sign_epi8(x.half[h], _mm256_or_si256(signs.half[h], _mm256_set1_epi8(1))));
}

/* The tables of a sweep; sixteen entries are one register. */
typedef struct {
    const uint8_t *phi[4], *ratio[2];
    int phi_is_short; /* 0 from entry 31 on */
} tables;

OP tables load_tables(const uint8_t *given, size_t number, int late)
{
    tables t;
    unsigned beyond = 0;
    for (size_t i = 0; i < 4; i++)
        t.phi[i] = given + 128 * ((i + number) & 3);
    for (size_t i = 0; i < 2; i++)
        t.ratio[i] = given + 4 * 128 + (late ? 4 * 128 : 0) + 128 * ((i + number) & 3);
    for (size_t i = 0; i < 4 * 128; i++)
        beyond |= i % 128 >= 31 ? given[i] : 0;
    t.phi_is_short = !beyond;
    return t;
}

OP __m256i sixteen(const uint8_t *table, int number)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * number)));
}

/* A shuffle looks at the lowest four bits of an index, and gives 0 where the highest is set. */
OP __m256i of_32(const uint8_t *table, __m256i x, __m256i upper)
{
    __m256i low = _mm256_shuffle_epi8(sixteen(table, 0), x), high = _mm256_shuffle_epi8(sixteen(table, 1), x);
    return _mm256_blendv_epi8(low, high, upper);
}

/* Look up in all sixteens of a table, and choose by the index's other bits: no address depends on x. */
OP __m256i of_128(const uint8_t *table, __m256i x)
{
    __m256i bit_4 = _mm256_slli_epi16(x, 3), bit_5 = _mm256_slli_epi16(x, 2), bit_6 = _mm256_slli_epi16(x, 1);
    __m256i low = _mm256_blendv_epi8(of_32(table, x, bit_4), of_32(table + 32, x, bit_4), bit_5);
    __m256i high = _mm256_blendv_epi8(of_32(table + 64, x, bit_4), of_32(table + 96, x, bit_4), bit_5);
    return _mm256_blendv_epi8(low, high, bit_6);
}

OP __m256i of_short(const uint8_t *table, __m256i x)
{
    x = _mm256_min_epu8(x, _mm256_set1_epi8(31));
    return of_32(table, x, _mm256_slli_epi16(x, 3));
}

OP row phi(const tables *t, row x, size_t rounding)
{
    if (t->phi_is_short)
        BOTH(of_short(t->phi[rounding], x.half[h]));
    BOTH(of_128(t->phi[rounding], x.half[h]));
}

/* Sums of 128 and more give 0, too. */
OP row ratio(const tables *t, row x, size_t rounding) { BOTH(of_128(t->ratio[rounding], x.half[h])); }

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
    start(decoder, bits, known, unknown, ratio);
}

TARGET int decoder_run_avx2(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                       size_t patience, uint8_t *out)
{
    return decode(decoder, syndrome, tables, max_sweeps, patience, out);
}

void decoder_free_avx2(qkd_decoder *decoder)
{
    free_decoder(decoder);
}

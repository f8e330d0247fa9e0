#include "decode_t2/decode_t2.h"

#include <immintrin.h>

#include "decode_t2/record.h"
#include "isa.h"

enum { BLOCK = 64, LANES = 16 };

TARGET_AVX512 static inline void store_times(int64_t *time, __m512i x, __m512i tick, __m512i base)
{
    __m512i low = _mm512_and_si512(x, _mm512_set1_epi32(TIME_MASK));
    __m512i first = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(low));
    __m512i second = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(low, 1));
    _mm512_storeu_si512(time, _mm512_add_epi64(_mm512_mul_epu32(first, tick), base));
    _mm512_storeu_si512(time + 8, _mm512_add_epi64(_mm512_mul_epu32(second, tick), base));
}

/* The high byte of each record, in order, less the bit of the time in it. */
TARGET_AVX512 static inline __m512i codes(__m512i a, __m512i b, __m512i c, __m512i d)
{
    const __m256i places =
        _mm256_setr_epi8(3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43, 47, 51, 55, 59, 63, 67, 71, 75, 79, 83, 87, 91,
                         95, 99, 103, 107, 111, 115, 119, 123, 127);
    const __m512i high = _mm512_castsi256_si512(places);
    __m512i ab = _mm512_permutex2var_epi8(a, high, b), cd = _mm512_permutex2var_epi8(c, high, d);
    __m512i bytes = _mm512_inserti64x4(ab, _mm512_castsi512_si256(cd), 1);
    return _mm512_and_si512(_mm512_srli_epi16(bytes, 1), _mm512_set1_epi8(127));
}

TARGET_AVX512 size_t decode_t2_avx512(const uint32_t *records, size_t n, uint64_t wrap, int counted,
                                      uint64_t tick, uint64_t *wraps, int64_t *time, uint8_t *channel)
{
    t2_state at = t2_begin(records, n, wrap, counted, tick, *wraps);
    uint8_t table[128];
    for (uint32_t code = 0; code < 128; code++)
        table[code] = t2_channel(code);
    const __m512i normal = _mm512_loadu_si512(table), special = _mm512_loadu_si512(table + 64);
    const __m512i ticks = _mm512_set1_epi64((long long)tick);
    while (n - at.i >= BLOCK) {
        __m512i base = _mm512_set1_epi64((long long)(at.wraps * at.step)), x[4];
        for (int k = 0; k < 4; k++) {
            x[k] = _mm512_loadu_si512(records + at.i + LANES * k);
            store_times(time + at.tags + LANES * k, x[k], ticks, base);
        }
        __m512i code = codes(x[0], x[1], x[2], x[3]);
        _mm512_storeu_si512(channel + at.tags, _mm512_permutex2var_epi8(normal, code, special));
        uint64_t wrapped = _mm512_cmpeq_epi8_mask(code, _mm512_set1_epi8(WRAP_CODE));
        if (wrapped) {
            t2_take_until_wrap(&at, (size_t)__builtin_ctzll(wrapped), time, channel);
            continue;
        }
        at.tags += BLOCK;
        at.i += BLOCK;
    }
    return t2_end(&at, wraps, time, channel);
}

#include "decode_t2/decode_t2.h"

#include <immintrin.h>

#include "decode_t2/record.h"
#include "isa.h"

enum { BLOCK = 8 };

TARGET_AVX2 static inline void store_times(int64_t *time, __m128i low, __m256i tick, __m256i base)
{
    __m256i since = _mm256_mul_epu32(_mm256_cvtepu32_epi64(low), tick);
    _mm256_storeu_si256((__m256i *)time, _mm256_add_epi64(since, base));
}

TARGET_AVX2 static inline void store_channels(uint8_t *channel, __m256i code)
{
    __m256i special = _mm256_cmpgt_epi32(code, _mm256_set1_epi32(SYNC_CODE - 1));
    __m256i sync = _mm256_cmpeq_epi32(code, _mm256_set1_epi32(SYNC_CODE));
    __m256i by = _mm256_blendv_epi8(_mm256_set1_epi32(1), _mm256_set1_epi32(64), special);
    __m256i wide = _mm256_andnot_si256(sync, _mm256_add_epi32(code, by));
    const __m256i low_bytes = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4,
                                               8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    __m256i packed = _mm256_shuffle_epi8(wide, low_bytes);
    packed = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 1, 1, 1, 1, 1));
    _mm_storel_epi64((__m128i *)channel, _mm256_castsi256_si128(packed));
}

TARGET_AVX2 size_t decode_t2_avx2(const uint32_t *records, size_t n, uint64_t wrap, int counted,
                                  uint64_t tick, uint64_t *wraps, int64_t *time, uint8_t *channel)
{
    t2_state at = t2_begin(records, n, wrap, counted, tick, *wraps);
    const __m256i ticks = _mm256_set1_epi64x((long long)tick);
    while (n - at.i >= BLOCK) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(records + at.i));
        __m256i code = _mm256_srli_epi32(x, TIME_BITS), low = _mm256_and_si256(x, _mm256_set1_epi32(TIME_MASK));
        __m256i base = _mm256_set1_epi64x((long long)(at.wraps * at.step));
        store_times(time + at.tags, _mm256_castsi256_si128(low), ticks, base);
        store_times(time + at.tags + 4, _mm256_extracti128_si256(low, 1), ticks, base);
        store_channels(channel + at.tags, code);
        __m256i wrapped = _mm256_cmpeq_epi32(code, _mm256_set1_epi32(WRAP_CODE));
        unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(wrapped));
        if (mask) {
            t2_take_until_wrap(&at, (size_t)__builtin_ctz(mask), time, channel);
            continue;
        }
        at.tags += BLOCK;
        at.i += BLOCK;
    }
    return t2_end(&at, wraps, time, channel);
}

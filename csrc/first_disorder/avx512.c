#include "first_disorder/first_disorder.h"

#include <immintrin.h>

#include "isa.h"

TARGET_AVX512 size_t first_disorder_avx512(const int64_t *time_ps, size_t n)
{
    for (size_t i = 1; i < n; i += 8) {
        __mmask8 present = n - i < 8 ? (__mmask8)((1u << (n - i)) - 1) : 0xff;
        __m512i earlier = _mm512_maskz_loadu_epi64(present, time_ps + i - 1);
        __m512i later = _mm512_maskz_loadu_epi64(present, time_ps + i);
        __mmask8 descends = _mm512_mask_cmpgt_epi64_mask(present, earlier, later);
        if (descends)
            return i + (size_t)__builtin_ctz(descends);
    }
    return n;
}

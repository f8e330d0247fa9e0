#include "first_disorder/first_disorder.h"

#include <immintrin.h>

#include "isa.h"

TARGET_AVX2 size_t first_disorder_avx2(const int64_t *time_ps, size_t n)
{
    size_t i = 1;
    for (; i + 4 <= n; i += 4) {
        __m256i earlier = _mm256_loadu_si256((const __m256i *)(time_ps + i - 1));
        __m256i later = _mm256_loadu_si256((const __m256i *)(time_ps + i));
        int descends = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(earlier, later)));
        if (descends)
            return i + (size_t)__builtin_ctz((unsigned)descends);
    }
    for (; i < n; i++)
        if (time_ps[i] < time_ps[i - 1])
            return i;
    return n;
}

#include "popcount/popcount.h"

#include <immintrin.h>

#include "isa.h"

TARGET_AVX512 uint64_t popcount_avx512(const uint8_t *bytes, size_t n_bytes)
{
    __m512i counts = _mm512_setzero_si512();
    size_t i = 0;
    for (; i + 64 <= n_bytes; i += 64)
        counts = _mm512_add_epi64(counts, _mm512_popcnt_epi64(_mm512_loadu_si512(bytes + i)));
    __mmask64 rest = ((__mmask64)1 << (n_bytes - i)) - 1;
    counts = _mm512_add_epi64(counts, _mm512_popcnt_epi64(_mm512_maskz_loadu_epi8(rest, bytes + i)));
    return (uint64_t)_mm512_reduce_add_epi64(counts);
}

#include "gate_slots/gate_slots.h"

#include <immintrin.h>

#include "gate_slots/one.h"
#include "isa.h"

enum { BLOCK = 8 };

typedef struct {
    __m512d place, beyond; /* slots, and how far behind their centres */
    __mmask8 inside, known;
} gated;

TARGET_AVX512 static inline gated gate_block(const gate *g, __m512i time_ps)
{
    __m512d since = _mm512_cvtepi64_pd(_mm512_sub_epi64(time_ps, _mm512_set1_epi64(g->start_ps)));
    __m512d period = _mm512_set1_pd(g->period_ps), half_gate = _mm512_set1_pd(g->half_gate_ps);
    gated block;
    since = _mm512_sub_pd(since, _mm512_set1_pd(g->centre_ps));
    block.place = _mm512_roundscale_pd(_mm512_div_pd(since, period), _MM_FROUND_TO_NEAREST_INT);
    block.beyond = _mm512_sub_pd(since, _mm512_mul_pd(block.place, period));
    block.inside = _mm512_cmp_pd_mask(_mm512_abs_pd(block.beyond), half_gate, _CMP_LE_OQ);
    block.known = _mm512_mask_cmp_pd_mask(block.inside, block.place, _mm512_setzero_pd(), _CMP_GE_OQ);
    block.known = _mm512_mask_cmp_pd_mask(block.known, block.place, _mm512_set1_pd(g->n_slots), _CMP_LT_OQ);
    return block;
}

TARGET_AVX512 size_t gate_slots_avx512(const int64_t *time_ps, size_t n, int64_t start_ps, double centre_ps,
                                       double period_ps, double half_gate_ps, uint32_t n_slots, uint32_t *slot,
                                       uint32_t *index, double *beyond_ps, uint64_t *n_inside)
{
    const gate g = {start_ps, centre_ps, period_ps, half_gate_ps, n_slots};
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i before = _mm256_set1_epi32(-1); /* no slot is 2^32 - 1, because there are fewer */
    gate_state at = {0, 0, -1};
    size_t i = 0;
    for (; n - i >= BLOCK; i += BLOCK) {
        gated block = gate_block(&g, _mm512_loadu_si512(time_ps + i));
        __m256i number = _mm256_maskz_compress_epi32(block.known, _mm512_cvtpd_epu32(block.place));
        unsigned found = (unsigned)__builtin_popcount(block.known);
        __mmask8 present = (__mmask8)((1u << found) - 1);
        __mmask8 first = _mm256_mask_cmpneq_epi32_mask(present, number, _mm256_alignr_epi32(number, before, 7));
        __mmask8 kept = (__mmask8)_pdep_u32(first, block.known);
        /* Writing whole blocks needs no spare room: no more has been kept than passed. */
        _mm256_storeu_si256((__m256i *)(slot + at.kept), _mm256_maskz_compress_epi32(first, number));
        __m256i here = _mm256_add_epi32(places, _mm256_set1_epi32((int)i));
        _mm256_storeu_si256((__m256i *)(index + at.kept), _mm256_maskz_compress_epi32(kept, here));
        _mm512_storeu_pd(beyond_ps + at.kept, _mm512_maskz_compress_pd(kept, block.beyond));
        at.kept += (unsigned)__builtin_popcount(kept);
        at.inside += (unsigned)__builtin_popcount(block.inside);
        /* The last one goes where the next block looks for it. */
        __m256i last = _mm256_permutevar8x32_epi32(number, _mm256_set1_epi32((int)found - 1));
        before = found ? last : before;
    }
    at.last = at.kept ? (int64_t)slot[at.kept - 1] : -1;
    for (; i < n; i++)
        at = gate_one(at, &g, time_ps[i], i, slot, index, beyond_ps);
    *n_inside = at.inside;
    return at.kept;
}

/* Which variant serves each kernel at each level. A level has what the one below has, and in its place what it does
 * better; Python tells the variant in use by comparing the entries. */
#include "ascending/ascending.h"
#include "cascade_search/cascade_search.h"
#include "cascade_tell/cascade_tell.h"
#include "coincidences/coincidences.h"
#include "correlate/correlate.h"
#include "decode_t2/decode_t2.h"
#include "first_disorder/first_disorder.h"
#include "gate_slots/gate_slots.h"
#include "health_counts/health_counts.h"
#include "isa.h"
#include "kernels.h"
#include "ldpc_decode/ldpc_decode.h"
#include "ldpc_syndrome/ldpc_syndrome.h"
#include "match_bases/match_bases.h"
#include "pack_tags/pack_tags.h"
#include "permute/permute.h"
#include "popcount/popcount.h"
#include "prefix_parity/prefix_parity.h"
#include "slide_states/slide_states.h"
#include "subset_parity/subset_parity.h"
#include "toeplitz_hash/toeplitz_hash.h"
#include "unpack_tags/unpack_tags.h"

#define SCALAR_ENTRIES \
    .cascade_tell = cascade_tell_scalar, \
    .cascade_tell_ends = cascade_tell_ends_scalar, \
    .coincidences = coincidences_scalar, \
    .correlate = correlate_scalar, \
    .decode_t2 = decode_t2_scalar, \
    .decoder_free = decoder_free_scalar, \
    .decoder_new = decoder_new_scalar, \
    .decoder_run = decoder_run_scalar, \
    .decoder_start = decoder_start_scalar, \
    .first_disorder = first_disorder_scalar, \
    .gate_slots = gate_slots_scalar, \
    .health_counts = health_counts_scalar, \
    .ldpc_fault = ldpc_fault_scalar, \
    .ldpc_syndrome = ldpc_syndrome_scalar, \
    .match_bases = match_bases_scalar, \
    .pack_ascending = pack_ascending_scalar, \
    .pack_tags = pack_tags_scalar, \
    .permute = permute_scalar, \
    .popcount = popcount_scalar, \
    .prefix_parity = prefix_parity_scalar, \
    .search_choose = search_choose_scalar, \
    .search_free = search_free_scalar, \
    .search_key = search_key_scalar, \
    .search_new = search_new_scalar, \
    .search_open = search_open_scalar, \
    .search_take = search_take_scalar, \
    .slide_states = slide_states_scalar, \
    .subset_parity = subset_parity_scalar, \
    .toeplitz_hash = toeplitz_hash_scalar, \
    .toeplitz_hash_block = toeplitz_hash_block_scalar, \
    .toeplitz_key_block = toeplitz_key_block_scalar, \
    .toeplitz_multiply = toeplitz_multiply_scalar, \
    .toeplitz_seed_block = toeplitz_seed_block_scalar, \
    .unpack_ascending = unpack_ascending_scalar, \
    .unpack_tags = unpack_tags_scalar

#define AVX2_ENTRIES \
    SCALAR_ENTRIES, \
    .coincidences = coincidences_avx2, \
    .decode_t2 = decode_t2_avx2, \
    .decoder_free = decoder_free_avx2, \
    .decoder_new = decoder_new_avx2, \
    .decoder_run = decoder_run_avx2, \
    .decoder_start = decoder_start_avx2, \
    .first_disorder = first_disorder_avx2, \
    .health_counts = health_counts_avx2, \
    .permute = permute_avx2, \
    .popcount = popcount_avx2, \
    .prefix_parity = prefix_parity_avx2, \
    .search_choose = search_choose_avx2, \
    .search_free = search_free_avx2, \
    .search_key = search_key_avx2, \
    .search_new = search_new_avx2, \
    .search_open = search_open_avx2, \
    .search_take = search_take_avx2, \
    .slide_states = slide_states_avx2, \
    .subset_parity = subset_parity_avx2, \
    .toeplitz_hash = toeplitz_hash_avx2, \
    .toeplitz_hash_block = toeplitz_hash_block_avx2, \
    .toeplitz_key_block = toeplitz_key_block_avx2, \
    .toeplitz_multiply = toeplitz_multiply_avx2, \
    .toeplitz_seed_block = toeplitz_seed_block_avx2

#define AVX2GFNI_ENTRIES \
    AVX2_ENTRIES, \
    .toeplitz_hash = toeplitz_hash_avx2gfni, \
    .toeplitz_hash_block = toeplitz_hash_block_avx2gfni, \
    .toeplitz_key_block = toeplitz_key_block_avx2gfni, \
    .toeplitz_multiply = toeplitz_multiply_avx2gfni, \
    .toeplitz_seed_block = toeplitz_seed_block_avx2gfni

#define AVX512_ENTRIES \
    AVX2GFNI_ENTRIES, \
    .coincidences = coincidences_avx512, \
    .decode_t2 = decode_t2_avx512, \
    .decoder_free = decoder_free_avx512, \
    .decoder_new = decoder_new_avx512, \
    .decoder_run = decoder_run_avx512, \
    .decoder_start = decoder_start_avx512, \
    .first_disorder = first_disorder_avx512, \
    .gate_slots = gate_slots_avx512, \
    .health_counts = health_counts_avx512, \
    .ldpc_syndrome = ldpc_syndrome_avx512, \
    .pack_tags = pack_tags_avx512, \
    .permute = permute_avx512, \
    .popcount = popcount_avx512, \
    .prefix_parity = prefix_parity_avx512, \
    .slide_states = slide_states_avx512, \
    .subset_parity = subset_parity_avx512, \
    .toeplitz_hash = toeplitz_hash_avx512, \
    .toeplitz_hash_block = toeplitz_hash_block_avx512, \
    .toeplitz_key_block = toeplitz_key_block_avx512, \
    .toeplitz_multiply = toeplitz_multiply_avx512, \
    .toeplitz_seed_block = toeplitz_seed_block_avx512, \
    .unpack_tags = unpack_tags_avx512

/* The entries of a level replace those of the level below. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

static const qkd_kernels SCALAR = {SCALAR_ENTRIES};

#if defined(__x86_64__)
static const qkd_kernels AVX2 = {AVX2_ENTRIES};
static const qkd_kernels AVX2GFNI = {AVX2GFNI_ENTRIES};
static const qkd_kernels AVX512 = {AVX512_ENTRIES};
#endif

const qkd_kernels *qkd_kernels_at(int level)
{
    if (level == LEVEL_SCALAR)
        return &SCALAR;
#if defined(__x86_64__)
    if (level == LEVEL_AVX2 && cpu_has_avx2())
        return &AVX2;
    if (level == LEVEL_AVX2GFNI && cpu_has_avx2gfni())
        return &AVX2GFNI;
    if (level == LEVEL_AVX512 && cpu_has_avx512())
        return &AVX512;
#endif
    return NULL;
}

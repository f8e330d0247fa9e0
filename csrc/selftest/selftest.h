/* Every kernel at every level of this CPU against its definition, bit by bit. Needs no Python: for sanitizers, and
 * for other CPUs under an emulator. Buffers have exactly the size that the kernel is told. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

/* Begin the random numbers anew. */
void seed(uint64_t first);
uint64_t random_word(void);
size_t below(size_t limit);

/* Memory that is there; whoever asks frees it. */
void *room(size_t n_bytes);
uint8_t *random_bits(size_t n_bits);

static inline unsigned bit(const uint8_t *bits, size_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

/* End with 1, and say which kernel is wrong, unless the truth is told. */
void expect(int truth, const char *kernel, const char *level, size_t size);

/* One trial of a kernel, on random input. */
typedef void trial(const qkd_kernels *kernels, const char *level);

trial try_ascending, try_cascade, try_cascade_all_wrong, try_coincidences, try_correlate, try_decode_t2,
    try_first_disorder, try_gate_slots, try_health_counts, try_ldpc_decode, try_ldpc_syndrome, try_match_bases,
    try_pack_tags, try_permute, try_popcount, try_prefix_parity, try_slide_most, try_slide_states,
    try_toeplitz_blocks, try_toeplitz_hash, try_toeplitz_transform;

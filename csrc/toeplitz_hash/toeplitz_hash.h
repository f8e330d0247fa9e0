/* Each level is the place that chooses an algorithm by size: Karatsuba's (karatsuba.inc.h) or the transform
 * (transform.inc.h). kernels.h says what each function does. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define DECLARE_TOEPLITZ(level)                                                                              \
    int toeplitz_hash_##level(const uint8_t *key, size_t key_bits, const uint8_t *seed, size_t out_bits,     \
                              uint8_t *out);                                                                 \
    int toeplitz_key_block_##level(const uint8_t *key, size_t key_bits, size_t block, uint64_t *spectrum);   \
    int toeplitz_seed_block_##level(const uint8_t *seed, size_t seed_bits, size_t block,                     \
                                    uint64_t *spectrum);                                                     \
    int toeplitz_multiply_##level(uint64_t *hashes, size_t n_hashes, const uint64_t *seeds,                  \
                                  const uint64_t *keys, size_t n_keys, size_t stride, size_t first,          \
                                  size_t end);                                                               \
    int toeplitz_hash_block_##level(uint64_t *spectrum, size_t out_bits, size_t block, uint8_t *out);

DECLARE_TOEPLITZ(scalar)
DECLARE_TOEPLITZ(avx2)
DECLARE_TOEPLITZ(avx2gfni)
DECLARE_TOEPLITZ(avx512)

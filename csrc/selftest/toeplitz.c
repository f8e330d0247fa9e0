/* Toeplitz hashing by each of its methods. */
#include <stdlib.h>

#include "selftest/selftest.h"

/* Rows of the hash, some of them if there are many, against the definition. */
static void check_rows(const uint8_t *key, size_t n, const uint8_t *seed, const uint8_t *out, size_t m,
                       const char *method, const char *level)
{
    for (size_t i = 0; i < m; i += 1 + below(m < 3000 ? 50 : m / 8)) {
        unsigned sum = 0;
        for (size_t j = 0; j < n; j++)
            sum ^= bit(seed, i + n - 1 - j) & bit(key, j);
        expect(bit(out, i) == sum, method, level, n);
    }
}

static void try_sizes(const qkd_kernels *kernels, size_t n, size_t m, const char *method, const char *level)
{
    uint8_t *key = random_bits(n), *seed = random_bits(n + m - 1), *out = random_bits(m);
    expect(!kernels->toeplitz_hash(key, n, seed, m, out), method, level, n);
    check_rows(key, n, seed, out, m, method, level);
    free(key);
    free(seed);
    free(out);
}

void try_toeplitz_hash(const qkd_kernels *kernels, const char *level)
{
    size_t n = 1 + below(1 + below(3000)), m = 1 + below(1 + below(3000));
    try_sizes(kernels, n, m, "toeplitz_hash", level);
}

void try_toeplitz_transform(const qkd_kernels *kernels, const char *level)
{
    size_t m = 16384 + below(40000), n = 65536 - m + below(70000);
    try_sizes(kernels, n < 16384 ? 65536 : n, m, "the transform of toeplitz_hash", level);
}

/* A hash of 2 x 3 blocks, the last ones nearly empty. */
void try_toeplitz_blocks(const qkd_kernels *kernels, const char *level)
{
    enum { BLOCK_BITS = TOEPLITZ_TRANSFORM_BITS / 2, POINTS = TOEPLITZ_TRANSFORM_BITS / 64 };
    enum { HASHES = 2, KEYS = 3, SEEDS = HASHES + KEYS - 1, STRIDE = 2 * POINTS + 16 };
    size_t n = (KEYS - 1) * BLOCK_BITS + 1 + below(500), m = (HASHES - 1) * BLOCK_BITS + 1 + below(500);
    uint8_t *key = random_bits(n), *seed = random_bits(n + m - 1), *out = random_bits(m);
    uint64_t *keys = aligned_alloc(64, (KEYS + SEEDS + HASHES) * STRIDE * sizeof *keys);
    uint64_t *seeds = keys + KEYS * STRIDE, *hashes = seeds + SEEDS * STRIDE;
    int fault = !keys;
    for (size_t block = 0; block < KEYS; block++)
        fault |= kernels->toeplitz_key_block(key, n, block, keys + block * STRIDE);
    for (size_t block = 0; block < SEEDS; block++)
        fault |= kernels->toeplitz_seed_block(seed, n + m - 1, block, seeds + block * STRIDE);
    for (size_t first = 0; first < POINTS; first += POINTS / 4)
        fault |= kernels->toeplitz_multiply(hashes, HASHES, seeds, keys, KEYS, STRIDE, first, first + POINTS / 4);
    for (size_t block = 0; block < HASHES; block++)
        fault |= kernels->toeplitz_hash_block(hashes + block * STRIDE, m, block, out);
    expect(!fault, "toeplitz_hash in blocks", level, n);
    check_rows(key, n, seed, out, m, "toeplitz_hash in blocks", level);
    free(key);
    free(seed);
    free(out);
    free(keys);
}

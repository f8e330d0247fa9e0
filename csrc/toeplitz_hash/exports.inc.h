/* What a level offers, under its own names: the includer defines LEVEL(name), and TRANSFORM_FROM, the bits
 * of the shorter side from which the transform is faster than Karatsuba's method. */

int LEVEL(toeplitz_hash)(const uint8_t *key, size_t key_bits, const uint8_t *seed, size_t out_bits,
                         uint8_t *out)
{
    size_t seed_bits = key_bits + out_bits - 1;
    int fits = seed_bits > SHORTEST_TRANSFORM_BITS && seed_bits <= TOEPLITZ_TRANSFORM_BITS;
    if (fits && smaller(key_bits, out_bits) >= TRANSFORM_FROM)
        return toeplitz_transform(key, key_bits, seed, out_bits, out);
    return toeplitz_karatsuba(key, key_bits, seed, out_bits, out);
}

enum { POINTS = TOEPLITZ_TRANSFORM_BITS / 64, BLOCK_WORDS = POINTS / 2 };

/* The scratch of a transform, after its first eight words. */
static uint64_t *new_scratch(void)
{
    uint64_t *memory = aligned_alloc(64, scratch_words(POINTS) * sizeof *memory);
    return memory ? memory + 8 : NULL;
}

static void wipe_scratch(uint64_t *f)
{
    explicit_bzero(f - 8, scratch_words(POINTS) * sizeof *f);
    free(f - 8);
}

int LEVEL(toeplitz_key_block)(const uint8_t *key, size_t key_bits, size_t block, uint64_t *spectrum)
{
    uint64_t *f = new_scratch();
    if (!f)
        return -1;
    size_t first = block * BLOCK_WORDS, n = smaller((key_bits + 63) / 64 - first, BLOCK_WORDS);
    key_spectrum((pair *)spectrum, POINTS, f, key, key_bits, first, n);
    wipe_scratch(f);
    return 0;
}

int LEVEL(toeplitz_seed_block)(const uint8_t *seed, size_t seed_bits, size_t block, uint64_t *spectrum)
{
    uint64_t *f = new_scratch();
    if (!f)
        return -1;
    seed_spectrum((pair *)spectrum, POINTS, f, seed, seed_bits, block * BLOCK_WORDS);
    wipe_scratch(f);
    return 0;
}

int LEVEL(toeplitz_multiply)(uint64_t *hashes, size_t n_hashes, const uint64_t *seeds, const uint64_t *keys,
                             size_t n_keys, size_t stride, size_t first, size_t end)
{
    size_t pairs = stride / (2 * LANES);
    spectra y = {(pair *)hashes, n_hashes, pairs}, x = {(pair *)keys, n_keys, pairs};
    spectra s = {(pair *)seeds, n_keys + n_hashes - 1, pairs};
    return multiply_all_blocks(y, s, x, first, end);
}

int LEVEL(toeplitz_hash_block)(uint64_t *spectrum, size_t out_bits, size_t block, uint8_t *out)
{
    uint64_t *f = new_scratch();
    if (!f)
        return -1;
    size_t first = block * BLOCK_WORDS * 64, n = smaller(out_bits - first, BLOCK_WORDS * 64);
    hash_of_spectrum(f, (n + 63) / 64, (pair *)spectrum, POINTS);
    memcpy(out + first / 8, f, bytes_for(n));
    clear_unused(out + first / 8, n);
    wipe_scratch(f);
    return 0;
}

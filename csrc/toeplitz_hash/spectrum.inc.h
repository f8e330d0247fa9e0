/* Spectra: what stands between bit strings and their transforms. A spectrum has n points, 2^k or 3 * 2^k:
 * then the part A of the first two thirds is transformed by itself and so is the rest B, after
 *
 *     key     B += A_lower + w A_upper          w = point 2 = s_i(first point of B)
 *     seed    A_lower += B, A_upper += w B
 *
 * and before the same as for the seed for the hash.
 *
 * Needs basis.inc.h and butterflies.inc.h. */

#define SECOND_POINT 2

INLINE int is_power_of_two(size_t n)
{
    return (n & (n - 1)) == 0;
}

INLINE unsigned log2_of(size_t n)
{
    return 63 - (unsigned)__builtin_clzll(n);
}

/* What couples the parts of 3 * 2^k points. */
TARGET static void couple(pair *d, size_t n_points, enum role role)
{
    size_t n = n_points / 3 / LANES;
    matrix w = small_twiddle(SECOND_POINT);
    pair *lower = d, *upper = d + n, *rest = d + 2 * n;
    for (size_t g = 0; g < n; g++)
        if (role == KEY) {
            add_pair(&rest[g], lower[g]);
            add_pair(&rest[g], (pair){apply(w, upper[g].b0), apply(w, upper[g].b1)});
        } else {
            add_pair(&lower[g], rest[g]);
            add_pair(&upper[g], (pair){apply(w, rest[g].b0), apply(w, rest[g].b1)});
        }
}

TARGET static void transform_part(pair *d, size_t n_points, size_t first, enum role role)
{
    if (role == KEY)
        transform_key(d, log2_of(n_points), first);
    else if (role == SEED)
        transform_seed(d, log2_of(n_points), first);
    else
        transform_hash(d, log2_of(n_points), first);
}

TARGET static void transform(pair *d, size_t n_points, enum role role)
{
    if (is_power_of_two(n_points)) {
        transform_part(d, n_points, 0, role);
        return;
    }
    size_t part = n_points / 3 * 2;
    if (role != HASH)
        couple(d, n_points, role);
    transform_part(d, part, 0, role);
    transform_part(d + part / LANES, part / 2, part, role);
    if (role == HASH)
        couple(d, n_points, role);
}

/* Word number `index` of the key with its last bit first, but for the order of bits in each byte. */
INLINE uint64_t reversed_word(const uint8_t *key, size_t key_bits, size_t index)
{
    size_t end = key_bits - 64 * index;
    uint64_t word;
    if (end < 64)
        word = load_tail(key, smaller(bytes_for(key_bits), 8)) << (64 - end);
    else if (end % 8)
        word = load_word(key + end / 8 - 8) >> end % 8 | load_word(key + end / 8 - 7) << (8 - end % 8);
    else
        word = load_word(key + end / 8 - 8);
    return __builtin_bswap64(word);
}

/* Words `first` to `first` + n of the key, last bit first, from bit 0 of f on. */
TARGET static void load_key(uint64_t *f, const uint8_t *key, size_t key_bits, size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f[i] = reversed_word(key, key_bits, first + i);
}

/* Spectrum of the words `first` to `first` + n of the key, last bit first; f is scratch, after its first eight words. */
TARGET static void key_spectrum(pair *d, size_t n_points, uint64_t *f, const uint8_t *key,
                                size_t key_bits, size_t first, size_t n)
{
    matrix to_b0 = map(KEY_TO_B0), to_b1 = map(KEY_TO_B1);
    load_key(f, key, key_bits, first, n);
    memset(f + n, 0, (scratch_words(n_points) - 8 - n) * sizeof *f);
    change_basis(f, (n + LANES - 1) / LANES * LANES, KEY);
    for (size_t g = 0; g < n_points / LANES; g++) {
        vector bits = *(const words *)(f + g * LANES);
        d[g] = (pair){apply(to_b0, bits), apply(to_b1, bits)};
    }
    transform(d, n_points, KEY);
}

/* What stands for word j + 1 in the basis of the X_j, for the words of one vector: by s_i^2 = s_(i+1) + s_i,
 * y X_j is X_(j+1) and X_(j+1-2^i) for each of the i = 0, 1 .. lowest bits of j as long as they are 1. The
 * seed takes the adjoint. Words before f may be read, without effect. */
INLINE vector next_words(const uint64_t *f, size_t j)
{
    vector next = *(const words *)(f + j + 1);
    for (int i = 0; i < LOG_LANES; i++)
        next ^= *(const words *)(f + j + 1 - (1 << i)) & *(const words *)RUNS[i];
    uint64_t last = 0;
    for (size_t power = LANES; (j + LANES - 1) & power; power *= 2)
        last ^= f[j + LANES - power];
    return next ^ in_last_lane(last);
}

/* Spectrum of the seed from bit 64 * first on; f likewise. */
TARGET static void seed_spectrum(pair *d, size_t n_points, uint64_t *f, const uint8_t *seed,
                                 size_t seed_bits, size_t first)
{
    size_t n_bytes = smaller(bytes_for(seed_bits) - 8 * first, 8 * n_points);
    matrix lower0 = map(LOWER_TO_B0), upper0 = map(UPPER_TO_B0);
    matrix lower1 = map(LOWER_TO_B1), upper1 = map(UPPER_TO_B1);
    memcpy(f, seed + 8 * first, n_bytes);
    memset((uint8_t *)f + n_bytes, 0, (scratch_words(n_points) - 8) * sizeof *f - n_bytes);
    change_basis(f, n_points, SEED);
    for (size_t j = 0; j < n_points; j += LANES) {
        vector lower = *(const words *)(f + j), upper = bytes_from(lower, next_words(f, j), 1);
        d[j / LANES] = (pair){apply(lower0, lower) ^ apply(upper0, upper),
                              apply(lower1, lower) ^ apply(upper1, upper)};
    }
    transform(d, n_points, SEED);
}

/* The first n words of the hash from its spectrum, to f. */
TARGET static void hash_of_spectrum(uint64_t *f, size_t n, pair *d, size_t n_points)
{
    matrix from_b0 = map(B0_TO_HASH), from_b1 = map(B1_TO_HASH);
    transform(d, n_points, HASH);
    size_t n_vectors = (n + 256 * LANES - 1) / (256 * LANES) * 256;
    for (size_t g = 0; g < n_vectors && g < n_points / LANES; g++)
        *(words *)(f + g * LANES) = apply(from_b0, d[g].b0) ^ apply(from_b1, d[g].b1);
    change_basis(f, (n + LANES - 1) / LANES * LANES, HASH);
}

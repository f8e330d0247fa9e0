/* Products of spectra, value by value: polynomials in t modulo t^8 - point, over GF(2^16).
 *
 * Needs butterflies.inc.h, and the level's dot(x, y, above): the sum over r of byte r of each word of x with
 * the eight bytes from byte r on of (y, above), y lowest. */

/* Which points a pair holds. */
typedef struct {
    twiddle block;
    lane_offset lanes;
} points;

INLINE points points_of(size_t g)
{
    return (points){twiddle_of(g / LANES * LANES * LANES), OFFSETS[LANES - 1 + g % LANES]};
}

/* The adjoint of the product with the key's value: coefficient r of the key selects the seed's value moved
 * down by r, with point times the value above. Three products over GF(2^8) make one over GF(2^16). */
INLINE pair product(pair key, pair seed, const points *at)
{
    pair above = {0};
    multiply_add_in_lanes(&above, seed, at->block, at->lanes);
    vector b0 = dot(key.b0, seed.b0, above.b0), b1 = dot(key.b1, seed.b1, above.b1);
    vector both = dot(key.b0 ^ key.b1, seed.b0 ^ seed.b1, above.b0 ^ above.b1);
    return (pair){b0 ^ apply(map(TIMES_U2), b1), both ^ b0};
}

/* x[i] = x[i] times s[i]. */
TARGET static void multiply(pair *x, const pair *s, size_t n_points)
{
    for (size_t g = 0; g < n_points / LANES; g++) {
        points at = points_of(g);
        x[g] = product(x[g], s[g], &at);
    }
}

/* c[i] = a[i] + b[i]. */
INLINE void add_pairs(pair *c, const pair *a, const pair *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c[i] = (pair){a[i].b0 ^ b[i].b0, a[i].b1 ^ b[i].b1};
}

/* y[r] += sum over c of s[r + c] x[c], for n, a power of two, rows and columns, by three products of half
 * the size as in karatsuba.inc.h. Scratch: fewer than 5 n pairs. */
TARGET static void square_of_products(pair *y, const pair *s, const pair *x, size_t n, const points *at,
                                      pair *scratch)
{
    if (n == 1) {
        add_pair(y, product(*x, *s, at));
        return;
    }
    size_t half = n / 2;
    pair *s_sums = scratch, *x_sum = s_sums + 3 * half, *shared = x_sum + half, *deeper = shared + half;
    add_pairs(s_sums, s, s + half, 3 * half - 1);
    add_pairs(x_sum, x, x + half, half);
    memset(shared, 0, half * sizeof *shared);
    square_of_products(shared, s + half, x_sum, half, at, deeper);
    add_pairs(y, y, shared, half);
    add_pairs(y + half, y + half, shared, half);
    square_of_products(y, s_sums, x, half, at, deeper);
    square_of_products(y + half, s_sums + half, x + half, half, at, deeper);
}

/* Where the spectra of blocks lie: the first, how many, and how many pairs from one to the next. */
typedef struct {
    pair *first;
    size_t n, stride;
} spectra;

INLINE void gather(pair *values, spectra from, size_t g)
{
    for (size_t block = 0; block < from.n; block++) {
        const pair *value = &from.first[block * from.stride + g];
        for (size_t line = 0; line < sizeof *value; line += 64)
            __builtin_prefetch((const char *)(value + 4) + line);
        values[block] = *value;
    }
}

/* One pair of each block: hash block r is the sum over c of key block c times seed block r + c. The scratch
 * is zero where there is no block; `side` is that of the squares into which the blocks are cut. */
TARGET static void multiply_blocks(spectra hashes, spectra seeds, spectra keys, size_t g, size_t side,
                                   pair *scratch)
{
    size_t rows = round_up(hashes.n, side), columns = round_up(keys.n, side);
    pair *y = scratch, *x = y + rows, *s = x + columns, *deeper = s + rows + columns;
    points at = points_of(g);
    gather(x, keys, g);
    gather(s, seeds, g);
    memset(y, 0, rows * sizeof *y);
    for (size_t r = 0; r < rows; r += side)
        for (size_t c = 0; c < columns; c += side)
            square_of_products(y + r, s + r + c, x + c, side, &at, deeper);
    for (size_t r = 0; r < hashes.n; r++)
        hashes.first[r * hashes.stride + g] = y[r];
}

/* Points `first` to `end`, multiples of LANES. */
TARGET static int multiply_all_blocks(spectra hashes, spectra seeds, spectra keys, size_t first, size_t end)
{
    size_t side = 1;
    while (2 * side <= smaller(hashes.n, keys.n))
        side *= 2;
    size_t n = 2 * (round_up(hashes.n, side) + round_up(keys.n, side)) + 5 * side;
    pair *scratch = aligned_alloc(64, round_up(n * sizeof *scratch, 64));
    if (!scratch)
        return -1;
    memset(scratch, 0, n * sizeof *scratch);
    for (size_t g = first / LANES; g < end / LANES; g++)
        multiply_blocks(hashes, seeds, keys, g, side, scratch);
    explicit_bzero(scratch, n * sizeof *scratch);
    free(scratch);
    return 0;
}

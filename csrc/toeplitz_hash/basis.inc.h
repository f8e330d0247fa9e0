/* From the coefficients of powers of y to those of the products X_j = s_0^(j_0) s_1^(j_1) .. of subspace
 * polynomials s_(i+1) = s_i^2 + s_i, s_0 = y, that the butterflies work on; j_i are the bits of j.
 * After S. Gao and T. Mateer, IEEE Trans. Inf. Theory 56 (2010) 6265, and S.-J. Lin, T. Y. Al-Naffouri,
 * Y. S. Han and W.-H. Chung, ibid. 62 (2016) 6284: expand in powers of s_i for the largest power of two i,
 * then convert the expansion's coefficients, and each digit.
 *
 * Coefficients are words of 64 bits here: all operations add one to another, the higher-numbered to the
 * lower. The seed takes the inverse's adjoint, which adds the lower to the higher in the same order; the
 * hash takes the adjoint, which does so in the opposite order. Words at and beyond `count` may be there
 * without effect on those below, if they are zero for a key.
 *
 * Needs LANES, vector, words and transpose() of the level. */

enum role { KEY, SEED, HASH };

INLINE void add_step(words *low, words *high, enum role role)
{
    if (role == KEY)
        *low ^= *high;
    else
        *high ^= *low;
}

/* n words, at least as far apart as a vector is long. */
INLINE void add_words(uint64_t *low, uint64_t *high, size_t n, enum role role)
{
    if (role == HASH)
        for (size_t t = 0; t < n; t += LANES)
            add_step((words *)(low + t), (words *)(high + t), role);
    else
        for (size_t t = n; t > 0; t -= LANES)
            add_step((words *)(low + t - LANES), (words *)(high + t - LANES), role);
}

/* One level of the expansion in powers of s_i: y^half = s_i^shift + y^shift, half = 2^i shift. */
INLINE void expand_level(uint64_t *f, size_t shift, size_t half, size_t unit, size_t count, enum role role)
{
    for (size_t block = 0; block + half < count; block += 2 * half) {
        size_t n = count - block - half < half ? count - block - half : half;
        add_words(f + (block + shift) * unit, f + (block + half) * unit, n * unit, role);
    }
}

/* Digits of 2^i coefficients, out of up to 2^k; a coefficient is `unit` words. */
INLINE void expand(uint64_t *f, unsigned k, unsigned i, size_t unit, size_t count, enum role role)
{
    for (unsigned level = 0; level < k - i; level++) {
        size_t shift = (size_t)1 << (role == HASH ? level : k - i - 1 - level);
        expand_level(f, shift, shift << i, unit, count, role);
    }
}

/* All steps for sixteen coefficients, in the order of the key; for fewer, those that stay within. */
static const struct {
    uint8_t low, high;
} STEPS[] = {{9, 15},  {8, 14},  {7, 13},  {6, 12},  {5, 11},  {4, 10},  {3, 9},   {2, 8},
             {4, 7},   {3, 6},   {2, 5},   {1, 4},   {12, 15}, {11, 14}, {10, 13}, {9, 12},
             {11, 15}, {10, 14}, {9, 13},  {8, 12},  {7, 11},  {6, 10},  {5, 9},   {4, 8},
             {2, 3},   {1, 2},   {6, 7},   {5, 6},   {10, 11}, {9, 10},  {14, 15}, {13, 14}};
enum { N_STEPS = sizeof STEPS / sizeof *STEPS };

/* `size` coefficients, 4, 8 or 16, side by side in registers. */
INLINE void convert_few(uint64_t *f, int size, size_t unit, enum role role)
{
    for (size_t column = 0; column < unit; column += LANES) {
        words c[16];
#pragma GCC unroll 16
        for (int i = 0; i < size; i++)
            c[i] = *(const words *)(f + i * unit + column);
#pragma GCC unroll 32
        for (int step = 0; step < N_STEPS; step++) {
            int s = role == HASH ? N_STEPS - 1 - step : step;
            if (STEPS[s].high < size)
                add_step(&c[STEPS[s].low], &c[STEPS[s].high], role);
        }
#pragma GCC unroll 16
        for (int i = 0; i < size; i++)
            *(words *)(f + i * unit + column) = c[i];
    }
}

/* Up to sixteen coefficients; there is room for the power of two above. */
INLINE void convert_16(uint64_t *f, size_t unit, size_t count, enum role role)
{
    if (count > 8)
        convert_few(f, 16, unit, role);
    else if (count > 4)
        convert_few(f, 8, unit, role);
    else if (count > 2)
        convert_few(f, 4, unit, role);
}

/* Digits of sixteen coefficients, out of up to 256. */
INLINE void convert_digits(uint64_t *f, size_t unit, size_t count, enum role role)
{
    for (size_t digit = 0; digit < count; digit += 16)
        convert_16(f + digit * unit, unit, count - digit < 16 ? count - digit : 16, role);
}

/* Up to 256 coefficients of `unit` words, a multiple of LANES. */
INLINE void convert_256(uint64_t *f, size_t unit, size_t count, enum role role)
{
    unsigned k = 4;
    while (count > (size_t)1 << k)
        k++;
    if (role == HASH)
        convert_digits(f, unit, count, role);
    else
        expand(f, k, 4, unit, count, role);
    convert_16(f, 16 * unit, (count + 15) / 16, role);
    if (role == HASH)
        expand(f, k, 4, unit, count, role);
    else
        convert_digits(f, unit, count, role);
}

/* LANES rows of 256 words, one to a lane, and back. */
INLINE void to_lanes(uint64_t *columns, const uint64_t *rows)
{
    for (int c = 0; c < 256; c += LANES) {
        vector v[LANES];
        UNROLL_LANES
        for (int i = 0; i < LANES; i++)
            v[i] = *(const words *)(rows + 256 * i + c);
        transpose(v);
        UNROLL_LANES
        for (int i = 0; i < LANES; i++)
            *(words *)(columns + LANES * (c + i)) = v[i];
    }
}

INLINE void from_lanes(uint64_t *rows, const uint64_t *columns)
{
    for (int c = 0; c < 256; c += LANES) {
        vector v[LANES];
        UNROLL_LANES
        for (int i = 0; i < LANES; i++)
            v[i] = *(const words *)(columns + LANES * (c + i));
        transpose(v);
        UNROLL_LANES
        for (int i = 0; i < LANES; i++)
            *(words *)(rows + 256 * i + c) = v[i];
    }
}

/* Rows of 256 coefficients, LANES of them at a time. */
INLINE void convert_rows(uint64_t *f, size_t n_rows, enum role role)
{
    uint64_t columns[256 * LANES] __attribute__((aligned(64)));
    for (size_t row = 0; row < n_rows; row += LANES) {
        to_lanes(columns, f + 256 * row);
        convert_256(columns, LANES, 256, role);
        from_lanes(f + 256 * row, columns);
    }
    explicit_bzero(columns, sizeof columns);
}

INLINE void convert(uint64_t *f, size_t count, enum role role)
{
    size_t n_rows = (count + 255) / 256;
    unsigned k = 8;
    while (count > (size_t)1 << k)
        k++;
    if (role == HASH)
        convert_rows(f, n_rows, role);
    else
        expand(f, k, 8, 1, count, role);
    convert_256(f, 256, n_rows, role);
    if (role == HASH)
        expand(f, k, 8, 1, count, role);
    else
        convert_rows(f, n_rows, role);
}

/* Convert `count` coefficients, a multiple of LANES; there is room for the power of two above, and for
 * 256 LANES at least. */
TARGET static void change_basis(uint64_t *f, size_t count, enum role role)
{
    switch (role) {
    case KEY:
        convert(f, count, KEY);
        break;
    case SEED:
        convert(f, count, SEED);
        break;
    case HASH:
        convert(f, count, HASH);
        break;
    }
}

/* The additive Fourier transform: values at points 0, 1, 2 .. from coefficients of X_0, X_1, X_2 ..
 * (basis.inc.h), each a polynomial in t of degree below 8 that stays whole: a value is the residue modulo
 * t^8 - point. The butterfly of a layer with distance 2^i at block start j multiplies by s_i(point j), which
 * is point j >> i. The seed takes the inverse's adjoint and the hash the adjoint:
 *
 *     key     a += w b, b += a      downwards, from the largest distance to 1
 *     seed    b += w a, a += b      downwards
 *     hash    a += b,   b += w a    upwards
 *
 * A vector holds the parts b0 or b1 of LANES values. The last layers run within LANES^2 points, which are
 * transposed halfway: then value LANES k + l of such a block stands in lane k of pair l.
 *
 * Needs the level's vectors, and its maps of bytes. */

typedef struct {
    vector b0, b1;
} pair;

/* Multiplication by b0 + b1 u: twice two maps of bytes. */
typedef struct {
    matrix m00, m01, m10, m11;
} twiddle;

static stored_matrix LOW_POINTS[256], HIGH_POINTS[256][4], MAPS[N_MAPS];

/* Lanes' own parts of twiddles: for distance h from entry LANES / 2h - 1 on, by block; at last, for points. */
static lane_offset OFFSETS[2 * LANES - 1];

/* RUNS[i]: lanes whose number ends in i + 1 ones. */
static uint64_t RUNS[LOG_LANES + 1][LANES];

static void __attribute__((constructor)) make_tables(void)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned b0 = point(i << 8) & 0xff, b1 = point(i << 8) >> 8;
        LOW_POINTS[i] = to_store(times_columns(point(i)));
        HIGH_POINTS[i][0] = to_store(times_columns(b0));
        HIGH_POINTS[i][1] = to_store(times_columns(times_u_squared_plus_u(b1)));
        HIGH_POINTS[i][2] = to_store(times_columns(b1));
        HIGH_POINTS[i][3] = to_store(times_columns(b0 ^ b1));
    }
    for (unsigned blocks = 1, entry = 0; blocks < LANES; blocks *= 2)
        for (unsigned block = 0; block < blocks; block++)
            set_lane_offset(&OFFSETS[entry++], 2 * block, 2 * blocks);
    for (unsigned l = 0; l < LANES; l++)
        set_lane_offset(&OFFSETS[LANES - 1 + l], l, LANES);
    for (unsigned run = 1, i = 0; run < LANES; run = 2 * run + 1, i++)
        for (unsigned k = 0; k < LANES; k++)
            RUNS[i][k] = -(uint64_t)((k & run) == run);
    for (int i = 0; i < N_MAPS; i++)
        MAPS[i] = to_store(MAP_COLUMNS[i]);
}

INLINE matrix map(int name)
{
    return from_store(&MAPS[name]);
}

INLINE matrix small_twiddle(size_t index)
{
    return from_store(&LOW_POINTS[index]);
}

INLINE twiddle twiddle_of(size_t index)
{
    const stored_matrix *high = HIGH_POINTS[index >> 8];
    matrix low = from_store(&LOW_POINTS[index & 255]);
    return (twiddle){add_matrices(from_store(high), low), from_store(high + 1), from_store(high + 2),
                     add_matrices(from_store(high + 3), low)};
}

INLINE void multiply_add(pair *a, pair b, const twiddle *w)
{
    a->b0 = xor3(a->b0, apply(w->m00, b.b0), apply(w->m01, b.b1));
    a->b1 = xor3(a->b1, apply(w->m10, b.b0), apply(w->m11, b.b1));
}

INLINE void add_pair(pair *a, pair b)
{
    a->b0 ^= b.b0;
    a->b1 ^= b.b1;
}

/* `w` is a twiddle, or one in GF(2^8), or zero: the other pointers are NULL. */
typedef struct {
    const twiddle *full;
    const matrix *small;
} factor;

INLINE void multiply_add_by(pair *a, pair b, factor w)
{
    if (w.full)
        multiply_add(a, b, w.full);
    else if (w.small)
        add_pair(a, (pair){apply(*w.small, b.b0), apply(*w.small, b.b1)});
}

INLINE void butterfly(pair *a, pair *b, factor w, enum role role)
{
    if (role == KEY) {
        multiply_add_by(a, *b, w);
        add_pair(b, *a);
    } else if (role == SEED) {
        multiply_add_by(b, *a, w);
        add_pair(a, *b);
    } else {
        add_pair(a, *b);
        multiply_add_by(b, *a, w);
    }
}

INLINE factor times(const twiddle *w)
{
    return (factor){w, NULL};
}

/* Two layers at once on four parts of h pairs each: the upper with w1, the lower with w2 and w3. */
INLINE void four_parts(pair *d, size_t h, factor w1, factor w2, factor w3, enum role role)
{
    for (size_t g = 0; g < h; g++) {
        pair p0 = d[g], p1 = d[g + h], p2 = d[g + 2 * h], p3 = d[g + 3 * h];
        if (role != HASH) {
            butterfly(&p0, &p2, w1, role);
            butterfly(&p1, &p3, w1, role);
        }
        butterfly(&p0, &p1, w2, role);
        butterfly(&p2, &p3, w3, role);
        if (role == HASH) {
            butterfly(&p0, &p2, w1, role);
            butterfly(&p1, &p3, w1, role);
        }
        d[g] = p0, d[g + h] = p1, d[g + 2 * h] = p2, d[g + 3 * h] = p3;
    }
}

/* The two uppermost layers of a block of 2^k points from point j on. */
INLINE void two_layers(pair *d, unsigned k, size_t j, enum role role)
{
    size_t h = ((size_t)1 << (k - 2)) / LANES, index = j >> (k - 1);
    factor zero = {NULL, NULL};
    if (2 * index + 2 < 256) {
        matrix w1 = small_twiddle(index), w2 = small_twiddle(2 * index), w3 = small_twiddle(2 * index + 2);
        factor f1 = {NULL, &w1}, f2 = {NULL, &w2}, f3 = {NULL, &w3};
        if (index == 0)
            four_parts(d, h, zero, zero, f3, role);
        else
            four_parts(d, h, f1, f2, f3, role);
    } else {
        twiddle w1 = twiddle_of(index), w2 = twiddle_of(2 * index), w3 = twiddle_of(2 * index + 2);
        four_parts(d, h, times(&w1), times(&w2), times(&w3), role);
    }
}

/* The uppermost layer. */
INLINE void one_layer(pair *d, unsigned k, size_t j, enum role role)
{
    size_t h = ((size_t)1 << (k - 1)) / LANES;
    twiddle w = twiddle_of(j >> (k - 1));
    for (size_t g = 0; g < h; g++)
        butterfly(&d[g], &d[g + h], times(&w), role);
}

/* The layer of distance h among the pairs of a block, before it is transposed. */
INLINE void layer_of_pairs(pair *d, size_t j, int h, enum role role)
{
    UNROLL_BUTTERFLIES
    for (int i = 0; i < LANES / 2; i++) {
        int block = i / h, l = 2 * h * block + i % h;
        twiddle w = twiddle_of(j / (h * LANES) + 2 * block);
        butterfly(&d[l], &d[l + h], times(&w), role);
    }
}

INLINE void multiply_add_in_lanes(pair *a, pair b, twiddle w, lane_offset offset)
{
    w.m00 = offset_matrix(w.m00, offset);
    w.m11 = offset_matrix(w.m11, offset);
    multiply_add(a, b, &w);
    add_pair(a, (pair){apply_odd(offset, b.b0), apply_odd(offset, b.b1)});
}

INLINE void butterfly_in_lanes(pair *a, pair *b, twiddle w, lane_offset offset, enum role role)
{
    if (role == KEY) {
        multiply_add_in_lanes(a, *b, w, offset);
        add_pair(b, *a);
    } else if (role == SEED) {
        multiply_add_in_lanes(b, *a, w, offset);
        add_pair(a, *b);
    } else {
        add_pair(a, *b);
        multiply_add_in_lanes(b, *a, w, offset);
    }
}

/* The layer of distance h among the points of each lane, after. */
INLINE void layer_of_lanes(pair *d, size_t j, int h, enum role role)
{
    twiddle w = twiddle_of(j / h);
    UNROLL_BUTTERFLIES
    for (int i = 0; i < LANES / 2; i++) {
        int block = i / h, l = 2 * h * block + i % h;
        butterfly_in_lanes(&d[l], &d[l + h], w, OFFSETS[LANES / (2 * h) - 1 + block], role);
    }
}

INLINE void transpose_pairs(pair *d)
{
    vector b0[LANES], b1[LANES];
    UNROLL_LANES
    for (int l = 0; l < LANES; l++)
        b0[l] = d[l].b0, b1[l] = d[l].b1;
    transpose(b0);
    transpose(b1);
    UNROLL_LANES
    for (int l = 0; l < LANES; l++)
        d[l] = (pair){b0[l], b1[l]};
}

/* All layers of LANES^2 points. */
INLINE void block_of_points(pair *memory, size_t j, enum role role)
{
    if (LANES == 1)
        return;
    pair d[LANES];
    UNROLL_LANES
    for (int l = 0; l < LANES; l++)
        d[l] = memory[l];
    if (role != HASH) {
        UNROLL_LAYERS
        for (int i = 1; i <= LOG_LANES; i++)
            layer_of_pairs(d, j, LANES >> i, role);
        transpose_pairs(d);
        UNROLL_LAYERS
        for (int i = 1; i <= LOG_LANES; i++)
            layer_of_lanes(d, j, LANES >> i, role);
    } else {
        UNROLL_LAYERS
        for (int i = 0; i < LOG_LANES; i++)
            layer_of_lanes(d, j, 1 << i, role);
        transpose_pairs(d);
        UNROLL_LAYERS
        for (int i = 0; i < LOG_LANES; i++)
            layer_of_pairs(d, j, 1 << i, role);
    }
    UNROLL_LANES
    for (int l = 0; l < LANES; l++)
        memory[l] = d[l];
}

/* The transform of 2^k points from point j on, depth first: what fits a cache stays there. */
#define DEFINE_TRANSFORM(name, role)                                                                          \
    TARGET static void name(pair *d, unsigned k, size_t j)                                                    \
    {                                                                                                         \
        if (k == 2 * LOG_LANES) {                                                                                 \
            block_of_points(d, j, role);                                                                      \
            return;                                                                                           \
        }                                                                                                     \
        unsigned layers = k == 2 * LOG_LANES + 1 ? 1 : 2;                                                         \
        if (role != HASH && layers == 1)                                                                      \
            one_layer(d, k, j, role);                                                                         \
        else if (role != HASH)                                                                                \
            two_layers(d, k, j, role);                                                                        \
        size_t part = (size_t)1 << (k - layers);                                                              \
        for (size_t i = 0; i < (size_t)1 << layers; i++)                                                      \
            name(d + i * part / LANES, k - layers, j + i * part);                                             \
        if (role == HASH && layers == 1)                                                                      \
            one_layer(d, k, j, role);                                                                         \
        else if (role == HASH)                                                                                \
            two_layers(d, k, j, role);                                                                        \
    }
DEFINE_TRANSFORM(transform_key, KEY)
DEFINE_TRANSFORM(transform_seed, SEED)
DEFINE_TRANSFORM(transform_hash, HASH)

/* Every kernel at every level of this CPU against its definition, bit by bit. Needs no Python: for
 * sanitizers, and for other CPUs under an emulator. Buffers have exactly the size that the kernel is told.
 *
 * Usage: selftest [rounds] [seed] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "words.h"

static const char *const LEVELS[] = {"scalar", "avx2", "avx2gfni", "avx512"};
static uint64_t state;

static uint64_t random_word(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15; /* splitmix64, S. Vigna */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static size_t below(size_t limit)
{
    return random_word() % limit;
}

static void *room(size_t n_bytes)
{
    void *memory = malloc(n_bytes ? n_bytes : 1);
    if (!memory)
        abort();
    return memory;
}

static uint8_t *random_bits(size_t n_bits)
{
    uint8_t *bits = room(bytes_for(n_bits));
    for (size_t i = 0; i < bytes_for(n_bits); i++)
        bits[i] = (uint8_t)random_word();
    clear_unused(bits, n_bits);
    return bits;
}

static unsigned bit(const uint8_t *bits, size_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

static void expect(int truth, const char *kernel, const char *level, size_t size)
{
    if (truth)
        return;
    fprintf(stderr, "%s at level %s is wrong at size %zu\n", kernel, level, size);
    exit(1);
}

static void try_popcount(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(3000), count = 0;
    uint8_t *bits = random_bits(n);
    for (size_t i = 0; i < n; i++)
        count += bit(bits, i);
    expect(kernels->popcount(bits, bytes_for(n)) == count, "popcount", level, n);
    free(bits);
}

static void try_prefix_parity(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(3000);
    unsigned sum = 0;
    uint8_t *bits = random_bits(n), *out = random_bits(n);
    kernels->prefix_parity(bits, n, out);
    for (size_t i = 0; i < n; i++)
        expect(bit(out, i) == (sum ^= bit(bits, i)), "prefix_parity", level, n);
    free(bits);
    free(out);
}

static void try_health_counts(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(1500), differ[LAGS] = {0}, ones = 0, run = 0, longest = 0;
    uint64_t counts[HEALTH_COUNTS];
    uint8_t *bits = random_bits(n);
    for (size_t i = 0; i < n; i++) {
        ones += bit(bits, i);
        for (size_t d = 1; d <= LAGS && d + i < n; d++)
            differ[d - 1] += bit(bits, i) ^ bit(bits, i + d);
        run = i && bit(bits, i) == bit(bits, i - 1) ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    kernels->health_counts(bits, n, counts);
    expect(counts[0] == ones && counts[HEALTH_COUNTS - 1] == longest, "health_counts", level, n);
    for (size_t d = 1; d <= LAGS; d++)
        expect(counts[d] == differ[d - 1], "health_counts", level, n);
    free(bits);
}

/* The times of a stream come back from their code, and no damage to it reads or writes elsewhere. */
static void try_ascending(const qkd_kernels *kernels, const char *level)
{
    size_t n = 1 + below(300), room_for = 13 + 40 * n;
    int64_t *values = room(n * sizeof *values), *found = room(n * sizeof *found), now = -(int64_t)below(1000);
    size_t step = 1 + below(3000);
    for (size_t i = 0; i < n; i++)
        values[i] = now += (int64_t)below(step);
    uint8_t *coded = room(room_for);
    size_t size = kernels->pack_ascending(values, n, 9, coded, room_for);
    expect(size > 13 || (size == 13 && n == 1), "pack_ascending", level, n);
    uint8_t *exact = room(size - 13);
    memcpy(exact, coded + 13, size - 13);
    int fault = kernels->unpack_ascending(exact, size - 13, coded[12], values[0], INT64_MAX, n - 1, found);
    expect(!fault && !memcmp(found, values, n * sizeof *values), "unpack_ascending", level, n);
    if (size > 13)
        exact[below(size - 13)] ^= (uint8_t)(1 << below(8));
    kernels->unpack_ascending(exact, size - 13, coded[12], values[0], now, n - 1, found);
    free(values);
    free(found);
    free(coded);
    free(exact);
}

static void try_permute(const qkd_kernels *kernels, const char *level)
{
    size_t words = 1 + below(100);
    uint64_t random[PERMUTATION_WORDS];
    for (size_t i = 0; i < PERMUTATION_WORDS; i++)
        random[i] = random_word();
    uint8_t *bits = random_bits(64 * words), *there = room(8 * words), *back = room(8 * words);
    const qkd_kernels *scalar = qkd_kernels_at(LEVEL_SCALAR);
    expect(!kernels->permute(random, bits, words, 0, there), "permute", level, words);
    expect(!scalar->permute(random, there, words, 1, back), "permute", level, words);
    expect(!memcmp(bits, back, 8 * words), "permute", level, words);
    expect(!kernels->permute(random, there, words, 1, back), "permute", level, words);
    expect(!memcmp(bits, back, 8 * words), "permute", level, words);
    unsigned parity = kernels->subset_parity(random[0], bits, words);
    expect(parity == scalar->subset_parity(random[0], bits, words), "subset_parity", level, words);
    free(bits);
    free(there);
    free(back);
}

/* One pass of Cascade over a key with one error, both parties' part: it is found. */
static void try_cascade(const qkd_kernels *kernels, const char *level)
{
    size_t words = 1 + below(20), n = 64 * words, wrong = below(n);
    uint32_t counts[MAX_PASSES];
    const uint8_t *cuts;
    uint8_t *alice = random_bits(n), *bob = room(n / 8), *prefix = room(n / 8), *told = room(n / 8);
    uint8_t *answer = room(2); /* to 15 cuts, which halve an interval 4 times */
    memcpy(bob, alice, n / 8);
    bob[wrong / 8] ^= (uint8_t)(1 << wrong % 8);
    memset(told, 0, n / 8);
    kernels->prefix_parity(alice, n, prefix);
    const uint8_t *prefixes[] = {prefix};
    uint8_t *tolds[] = {told};
    uint64_t none = 0;
    qkd_search *search = kernels->search_new(bob, words);
    kernels->cascade_tell_ends(prefix, told, n, n, 1, answer);
    expect(search && !kernels->search_open(search, PASS_NATURAL, &none, n, answer), "search_open", level, n);
    for (ptrdiff_t wanted; (wanted = kernels->search_choose(search, below(20), counts, &cuts)) != 0;) {
        expect(wanted > 0 && wanted <= 15, "search_choose", level, n);
        unsigned width = 64 - (unsigned)__builtin_clzll(n - 1);
        size_t n_bytes = ((size_t)wanted * width + 7) / 8;
        int fault = kernels->cascade_tell(prefixes, tolds, n, counts, 1, cuts, n_bytes, answer);
        expect(!fault, "cascade_tell", level, n);
        uint8_t repeated[2];
        fault = kernels->cascade_tell(prefixes, tolds, n, counts, 1, cuts, n_bytes, repeated);
        expect(fault == CUT_REPEATED, "cascade_tell", level, n);
        expect(!kernels->search_take(search, answer), "search_take", level, n);
    }
    kernels->search_key(search, bob);
    expect(!memcmp(alice, bob, n / 8), "search_key", level, n);
    kernels->search_free(search);
    free(alice);
    free(bob);
    free(prefix);
    free(told);
    free(answer);
}

#include "selftest_toeplitz.h"

static void try_ldpc_syndrome(const qkd_kernels *kernels, const char *level)
{
    size_t rows = below(10), columns = 1 + below(40), n = 0;
    uint32_t *row_start = room((rows + 1) * sizeof *row_start);
    row_start[0] = 0;
    for (size_t i = 0; i < rows; i++)
        row_start[i + 1] = (uint32_t)(n += below(30));
    uint32_t *column = room(n * sizeof *column);
    uint8_t *shift = room(n), *bits = random_bits(64 * columns), *out = random_bits(64 * rows);
    for (size_t e = 0; e < n; e++) {
        column[e] = (uint32_t)below(columns);
        shift[e] = (uint8_t)below(64);
    }
    int fault = kernels->ldpc_syndrome(row_start, rows, column, shift, n, bits, columns, out);
    expect(fault == CODE_SOUND, "ldpc_syndrome", level, n);
    for (size_t i = 0; i < 64 * rows; i++) {
        unsigned sum = 0;
        for (size_t e = row_start[i / 64]; e < row_start[i / 64 + 1]; e++)
            sum ^= bit(bits, 64 * (size_t)column[e] + (i + shift[e]) % 64);
        expect(bit(out, i) == sum, "ldpc_syndrome", level, n);
    }
    free(row_start);
    free(column);
    free(shift);
    free(bits);
    free(out);
}

/* The decoder at any level gives what the scalar one gives, and what it calls decoded is. */
static void try_ldpc_decode(const qkd_kernels *kernels, const char *level)
{
    enum { ROWS = 4, COLUMNS = 9 };
    uint32_t row_start[ROWS + 1] = {0}, column[ROWS * COLUMNS];
    uint8_t shift[ROWS * COLUMNS], out[8 * COLUMNS], expected[8 * COLUMNS], sums[8 * ROWS], tables[12 * 128];
    size_t n = 0;
    for (size_t row = 0; row < ROWS; row_start[++row] = (uint32_t)n)
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (below(2)) {
                shift[n] = (uint8_t)below(64);
                column[n++] = c;
            }
    for (size_t i = 0; i < sizeof tables; i++) /* of the shape of phi, and its inverse */
        tables[i] = i < 512 && i % 128 == 0 ? 128 : (uint8_t)(40 / (1 + i % 128) + below(2));
    for (size_t i = 4; i < 12; i++)
        tables[128 * i + 127] = 0;
    uint8_t *wanted = random_bits(64 * ROWS), *parts[3];
    for (int i = 0; i < 3; i++)
        parts[i] = random_bits(64 * COLUMNS);
    if (below(2))
        memset(wanted, 0, 8 * ROWS);
    size_t patience = below(2) ? 9 : 0;
    int ratio = (int)below(128), sweeps[2];
    const qkd_kernels *both[] = {kernels, qkd_kernels_at(LEVEL_SCALAR)};
    for (int i = 0; i < 2; i++) {
        qkd_decoder *decoder = both[i]->decoder_new(row_start, ROWS, column, shift, n, COLUMNS);
        expect(decoder != NULL, "decoder_new", level, n);
        both[i]->decoder_start(decoder, parts[0], parts[1], parts[2], ratio);
        both[i]->decoder_run(decoder, tables, wanted, 3, patience, i ? expected : out);
        sweeps[i] = both[i]->decoder_run(decoder, tables, wanted, 6, patience, i ? expected : out);
        both[i]->decoder_free(decoder);
    }
    expect(sweeps[0] == sweeps[1] && !memcmp(out, expected, sizeof out), "decoder_run", level, n);
    both[1]->ldpc_syndrome(row_start, ROWS, column, shift, n, out, COLUMNS, sums);
    expect(!sweeps[0] || !memcmp(sums, wanted, sizeof sums), "decoder_run", level, n);
    for (int i = 0; i < 3; i++)
        free(parts[i]);
    free(wanted);
}

/* Ascending times; now and then a leap as wide as the type allows. */
static int64_t *random_times(size_t n, size_t largest_step)
{
    int64_t *time_ps = room(n * sizeof *time_ps), now = below(2) ? INT64_MIN : -1000;
    for (size_t i = 0; i < n; i++) {
        int64_t step = (int64_t)(below(200) ? below(largest_step) : random_word() >> 1);
        now = now > INT64_MAX - step ? INT64_MAX : now + step;
        time_ps[i] = now;
    }
    return time_ps;
}

static void try_first_disorder(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(100), first = 1;
    int64_t *time_ps = random_times(n, 3);
    if (n && below(2))
        time_ps[below(n)] = INT64_MIN;
    while (first < n && time_ps[first] >= time_ps[first - 1])
        first++;
    expect(kernels->first_disorder(time_ps, n) == (first < n ? first : n), "first_disorder", level, n);
    free(time_ps);
}

static void try_coincidences(const qkd_kernels *kernels, const char *level)
{
    size_t n_a = below(300), n_b = below(300), least = n_a < n_b ? n_a : n_b, step = 1 + below(100);
    uint64_t window = below(20) ? below(30) : (uint64_t)INT64_MAX;
    int64_t *a = random_times(n_a, step), *b = random_times(n_b, step);
    uint32_t *index_a = room(least * sizeof *index_a), *index_b = room(least * sizeof *index_b);
    size_t found = kernels->coincidences(a, n_a, b, n_b, window, index_a, index_b), pairs = 0;
    for (size_t i = 0, j = 0; i < n_a && j < n_b;) {
        __int128 later_by = (__int128)b[j] - a[i];
        if (later_by <= (__int128)window && -later_by <= (__int128)window) {
            int same = pairs < found && index_a[pairs] == i && index_b[pairs] == j;
            expect(same, "coincidences", level, n_a);
            pairs++, i++, j++;
        } else if (later_by > 0)
            i++;
        else
            j++;
    }
    expect(pairs == found, "coincidences", level, n_a);
    free(a);
    free(b);
    free(index_a);
    free(index_b);
}

static void try_decode_t2(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(400), tags = 0, every = 1 + below(100);
    uint64_t wraps = below(9), after = wraps, wrap = 1 + below(1 << 25), tick = 1 + below(100);
    int counted = (int)below(2);
    uint32_t *records = room(n * sizeof *records);
    int64_t *time = room(n * sizeof *time);
    uint8_t *channel = room(n);
    for (size_t i = 0; i < n; i++)
        records[i] = below(every) ? (uint32_t)random_word() : (uint32_t)(127u << 25 | below(3));
    size_t found = kernels->decode_t2(records, n, wrap, counted, tick, &after, time, channel);
    for (size_t i = 0; i < n; i++) {
        uint64_t low = records[i] & 0x1ffffff, code = records[i] >> 25;
        if (code == 127) {
            wraps += counted && low ? low : 1;
            continue;
        }
        uint64_t expected = code < 64 ? code + 1 : code > 64 ? code + 64 : 0;
        int same = time[tags] == (int64_t)((wraps * wrap + low) * tick) && channel[tags] == expected;
        expect(tags++ < found && same, "decode_t2", level, n);
    }
    expect(tags == found && wraps == after, "decode_t2", level, n);
    free(records);
    free(time);
    free(channel);
}

/* The best lags, one after another, against scores added up one by one. */
static void try_slide_states(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(60), n_states = below(900), n_lags = 1 + below(1500), n_best = 1 + below(20);
    size_t room_best = n_best < n_lags ? n_best : n_lags, plane = (n_states + 7) / 8 + 2 * SLIDE_MARGIN;
    int64_t first = -(int64_t)below(1500), *slot = room(n * sizeof *slot), *lag = room(room_best * sizeof *lag);
    int32_t *score = room(room_best * sizeof *score), *expected = room(n_lags * sizeof *expected);
    uint8_t *outcome = room(n), *planes = room(4 * plane), *state = room(n_states);
    memset(planes, 0, 4 * plane);
    for (size_t i = 0; i < n_states; i++) {
        state[i] = (uint8_t)below(4);
        planes[state[i] * plane + SLIDE_MARGIN + i / 8] |= (uint8_t)(1 << i % 8);
    }
    for (size_t k = 0; k < n; k++) {
        slot[k] = (k ? slot[k - 1] : -300) + (int64_t)below(30);
        outcome[k] = (uint8_t)below(4);
    }
    for (size_t d = 0; d < n_lags; d++) {
        expected[d] = 0;
        for (size_t k = 0; k < n; k++) {
            int64_t met = slot[k] + first + (int64_t)d;
            if (met >= 0 && met < (int64_t)n_states && (state[met] & 1) == (outcome[k] & 1))
                expected[d] += state[met] == outcome[k] ? 1 : -1;
        }
    }
    size_t found = kernels->slide_states(planes, plane, n_states, slot, outcome, n, first, n_lags, n_best, score, lag);
    expect(found == room_best, "slide_states", level, n);
    for (size_t i = 0; i < found; i++) {
        size_t best = 0;
        for (size_t d = 1; d < n_lags; d++)
            best = expected[d] > expected[best] ? d : best;
        expect(score[i] == expected[best] && lag[i] == first + (int64_t)best, "slide_states", level, n);
        expected[best] = INT32_MIN;
    }
    free(slot), free(lag), free(score), free(expected), free(outcome), free(planes), free(state);
}

static void try_pack_tags(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(2000), most = n ? 8 + 4612 * ((n + 511) / 512) : 0;
    int64_t *time_ps = random_times(n, 1 + below(1000)), *times = room(n * sizeof *times);
    uint8_t *channel = random_bits(8 * n), *channels = room(n), *packed = room(most);
    size_t size = kernels->pack_tags(time_ps, channel, n, packed);
    expect(size <= most, "pack_tags", level, n);
    uint8_t *exact = room(size);
    memcpy(exact, packed, size);
    expect(!kernels->unpack_tags(exact, size, n, times, channels), "unpack_tags", level, n);
    expect(!memcmp(times, time_ps, n * sizeof *times) && !memcmp(channels, channel, n), "unpack_tags", level, n);
    if (size)
        exact[below(size)] ^= (uint8_t)(1 << below(8));
    kernels->unpack_tags(exact, size, n, times, channels);
    free(time_ps);
    free(times);
    free(channel);
    free(channels);
    free(packed);
    free(exact);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 200;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (int level = LEVEL_SCALAR; level <= LEVEL_AVX512; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        try_toeplitz_blocks(kernels, LEVELS[level]);
        for (long round = 0; round < rounds; round++) {
            try_popcount(kernels, LEVELS[level]);
            try_prefix_parity(kernels, LEVELS[level]);
            try_health_counts(kernels, LEVELS[level]);
            try_ascending(kernels, LEVELS[level]);
            try_permute(kernels, LEVELS[level]);
            try_cascade(kernels, LEVELS[level]);
            try_toeplitz_hash(kernels, LEVELS[level]);
            if (round % 50 == 0)
                try_toeplitz_transform(kernels, LEVELS[level]);
            try_ldpc_syndrome(kernels, LEVELS[level]);
            try_ldpc_decode(kernels, LEVELS[level]);
            try_decode_t2(kernels, LEVELS[level]);
            try_first_disorder(kernels, LEVELS[level]);
            try_coincidences(kernels, LEVELS[level]);
            try_slide_states(kernels, LEVELS[level]);
            try_pack_tags(kernels, LEVELS[level]);
        }
        printf("%s: %ld rounds agree\n", LEVELS[level], rounds);
    }
    return 0;
}

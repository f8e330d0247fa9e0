/* Layered sum-product decoding of a syndrome (D. E. Hocevar, IEEE SIPS 2004, p. 107: layers), in 8 bits.
 *
 * A layer is a row of the base matrix: 64 checks side by side, each with one bit of every column in the row.
 * For a check with syndrome bit s and incoming log-likelihood ratios t_i, positive for a 0 bit, the answers are
 *     r_i = (-1)^s * product over j != i of sgn(t_j) * phi(sum over j != i of phi(|t_j|)),
 * with phi(x) = -ln tanh(x / 2), its own inverse. phi comes from tables that the caller gives, each in several
 * roundings, which take turns, so that their errors do not add up: `phi` from a ratio, 0 to 127, to a sum, and
 * `ratio` back. A ratio of 0, of which nothing is known, counts as much as any sum that tells nothing.
 *
 * The message stored is what the posterior really changed by, not what it should have: 8-bit posteriors
 * saturate, and what is taken out of one must be what was put in. Late, when few checks are left, answers may
 * be larger (the second set of tables), to free runs of wrong bits in columns of degree 2.
 *
 * Control and addresses depend on the code alone, but for two things: sweeps end when all checks are fulfilled
 * or patience ends, so that their number shows; and the tables. These are in registers at the levels avx2 and
 * avx512; at the level scalar they lie in memory and are read at places that depend on the keys.
 *
 * Included once by each variant, which defines first TARGET and what can be done with a `row` of 64 bytes. */
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "ldpc_syndrome/check.h"
#include "words.h"

enum { STALLED_SWEEPS = 2, LATE_SHARE = 1000, KNOWN_RATIO = 127 };

typedef struct {
    const uint32_t *row_start, *column;
    const uint8_t *shift;
    size_t n_rows, n_columns, n_entries;
} base_matrix;

typedef struct {
    uint8_t *posteriors; /* COLUMN_BYTES for each column, rotated as its last layer saw them */
    uint8_t *messages;   /* 64 for each entry: what the row's last answer added to the column */
    uint8_t *incoming;   /* 64 for each entry of the row at hand */
    uint8_t *turn;       /* for each entry, by how much to rotate the column when its turn comes */
    uint8_t *frame;      /* by how much each column is rotated after a sweep */
} beliefs;

struct qkd_decoder {
    base_matrix code;
    beliefs b;
    size_t n_bytes;
    uint8_t *memory; /* all that is derived from the key lies here, and is wiped at the end */
};

/* The columns' rotations follow from the order of the entries. */
static inline void plan_turns(const base_matrix *code, beliefs *b)
{
    for (size_t e = 0; e < code->n_entries; e++)
        b->frame[code->column[e]] = code->shift[e];
    uint8_t *now = b->incoming; /* not in use yet; there is room for all columns */
    memcpy(now, b->frame, code->n_columns);
    for (size_t e = 0; e < code->n_entries; e++) {
        b->turn[e] = (uint8_t)((code->shift[e] - now[code->column[e]]) & 63);
        now[code->column[e]] = code->shift[e];
    }
}

static inline uint64_t rotated_right(uint64_t word, unsigned by)
{
    return word >> (by & 63) | word << (-by & 63);
}

TARGET static void start(const base_matrix *code, const uint8_t *bits, const uint8_t *known,
                         const uint8_t *unknown, int ratio, const beliefs *b)
{
    memset(b->messages, 0, 64 * code->n_entries);
    for (size_t c = 0; c < code->n_columns; c++) {
        unsigned by = b->frame[c];
        uint64_t at_last = rotated_right(load_word(known + 8 * c), by);
        uint64_t nothing = rotated_right(load_word(unknown + 8 * c), by);
        uint64_t ones = rotated_right(load_word(bits + 8 * c), by);
        row magnitude = chosen(at_last, every(KNOWN_RATIO), chosen(nothing, every(0), every((int8_t)ratio)));
        store_column(b->posteriors + COLUMN_BYTES * c, negated_where(ones, magnitude));
    }
}

typedef struct {
    row sum, signs, hard;
} check;

/* Take one entry's message out of its column, and add up what it comes to. */
TARGET static inline __attribute__((always_inline)) void gather(const base_matrix *code, size_t e,
                                                                const beliefs *b, const tables *t,
                                                                size_t rounding, uint8_t *incoming, check *k)
{
    row total = rotated(b->posteriors + COLUMN_BYTES * (size_t)code->column[e], b->turn[e]);
    row in = difference(total, load(b->messages + 64 * e));
    store(incoming, in);
    k->hard = exclusive_or(k->hard, total);
    k->signs = exclusive_or(k->signs, in);
    k->sum = sum_up_to_255(k->sum, phi(t, magnitude_of(in), rounding));
}

/* Give one entry's column its new message. */
TARGET static inline __attribute__((always_inline)) void scatter(const base_matrix *code, size_t e,
                                                                 const beliefs *b, const tables *t,
                                                                 size_t rounding, const uint8_t *incoming,
                                                                 const check *k)
{
    row in = load(incoming);
    row others = difference_down_to_0(k->sum, phi(t, magnitude_of(in), rounding));
    row answer = negated_where(sign_bits(exclusive_or(k->signs, in)), ratio(t, others, rounding & 1));
    row total = saturating_sum(in, answer);
    store(b->messages + 64 * e, plain_difference(total, in));
    store_column(b->posteriors + COLUMN_BYTES * (size_t)code->column[e], total);
}

/* Roundings are constants in the unrolled loops, so that their tables stay in registers. */
#define FOR_ENTRIES(first, end, step)                                                                         \
    do {                                                                                                      \
        size_t e = (first), stop = (end);                                                                     \
        uint8_t *at = b->incoming;                                                                            \
        for (; e + 4 <= stop; e += 4, at += 4 * 64) {                                                         \
            step(code, e, b, t, 0, at, &k);                                                                   \
            step(code, e + 1, b, t, 1, at + 64, &k);                                                          \
            step(code, e + 2, b, t, 2, at + 128, &k);                                                         \
            step(code, e + 3, b, t, 3, at + 192, &k);                                                         \
        }                                                                                                     \
        if (e < stop)                                                                                         \
            step(code, e, b, t, 0, at, &k);                                                                   \
        if (e + 1 < stop)                                                                                     \
            step(code, e + 1, b, t, 1, at + 64, &k);                                                          \
        if (e + 2 < stop)                                                                                     \
            step(code, e + 2, b, t, 2, at + 128, &k);                                                         \
    } while (0)

/* One layer; counts its checks that were not fulfilled. */
TARGET static inline __attribute__((always_inline)) size_t pass_layer(const base_matrix *code, size_t layer,
                                                                      uint64_t syndrome, const beliefs *b,
                                                                      const tables *t)
{
    row wanted = negated_where(syndrome, every(1));
    check k = {every(0), wanted, wanted};
    FOR_ENTRIES(code->row_start[layer], code->row_start[layer + 1], gather);
    FOR_ENTRIES(code->row_start[layer], code->row_start[layer + 1], scatter);
    return (size_t)__builtin_popcountll(sign_bits(k.hard));
}

/* One sweep over all layers; counts the checks that were not fulfilled when their turn came. */
TARGET static size_t sweep(const base_matrix *code, const uint8_t *syndrome, const beliefs *b,
                           const uint8_t *given, size_t number, int late)
{
    tables t = load_tables(given, number, late);
    size_t unfulfilled = 0;
    for (size_t layer = 0; layer < code->n_rows; layer++)
        unfulfilled += pass_layer(code, layer, load_word(syndrome + 8 * layer), b, &t);
    return unfulfilled;
}

TARGET static void decide(const base_matrix *code, const beliefs *b, uint8_t *bits)
{
    for (size_t c = 0; c < code->n_columns; c++) {
        uint64_t ones = sign_bits(load(b->posteriors + COLUMN_BYTES * c));
        store_word(bits + 8 * c, rotated_right(ones, -(unsigned)b->frame[c]));
    }
}

/* Decisions may have changed after a check's turn: all checks again, on the final ones. */
static inline int fits(const base_matrix *code, const uint8_t *bits, const uint8_t *syndrome)
{
    uint64_t wrong = 0;
    for (size_t layer = 0; layer < code->n_rows; layer++) {
        uint64_t sum = load_word(syndrome + 8 * layer);
        for (size_t e = code->row_start[layer]; e < code->row_start[layer + 1]; e++)
            sum ^= rotated_right(load_word(bits + 8 * (size_t)code->column[e]), code->shift[e]);
        wrong |= sum;
    }
    return !wrong;
}

TARGET static int decode(const base_matrix *code, const uint8_t *syndrome, const uint8_t *given,
                         size_t max_sweeps, size_t patience, const beliefs *b, uint8_t *bits)
{
    size_t least = SIZE_MAX, since_least = 0, unfulfilled = SIZE_MAX, done = 0;
    while (done < max_sweeps && (!patience || since_least < patience)) {
        int late = since_least >= STALLED_SWEEPS && unfulfilled < 64 * code->n_rows / LATE_SHARE + 8;
        unfulfilled = sweep(code, syndrome, b, given, done++, late);
        since_least = unfulfilled < least ? 0 : since_least + 1;
        least = unfulfilled < least ? unfulfilled : least;
        if (!unfulfilled && patience) {
            decide(code, b, bits);
            if (fits(code, bits, syndrome))
                return (int)done;
        }
    }
    decide(code, b, bits);
    return fits(code, bits, syndrome) ? (int)done : 0;
}

static inline size_t longest_row(const base_matrix *code)
{
    size_t longest = 0;
    for (size_t layer = 0; layer < code->n_rows; layer++) {
        size_t length = code->row_start[layer + 1] - code->row_start[layer];
        longest = length > longest ? length : longest;
    }
    return longest;
}

TARGET static qkd_decoder *new_decoder(const base_matrix *code)
{
    size_t row_room = 64 * longest_row(code) + (code->n_columns + 63) / 64 * 64;
    size_t n_bytes = COLUMN_BYTES * code->n_columns + 65 * code->n_entries + row_room + code->n_columns;
    n_bytes = (n_bytes + 64) / 64 * 64;
    qkd_decoder *d = calloc(1, sizeof *d);
    uint8_t *memory = d ? aligned_alloc(64, n_bytes) : NULL;
    if (!memory) {
        free(d);
        return NULL;
    }
    memset(memory, 0, n_bytes);
    d->code = *code;
    d->n_bytes = n_bytes;
    d->memory = memory;
    d->b.posteriors = memory;
    d->b.messages = memory + COLUMN_BYTES * code->n_columns;
    d->b.incoming = d->b.messages + 64 * code->n_entries;
    d->b.turn = d->b.incoming + row_room;
    d->b.frame = d->b.turn + code->n_entries;
    plan_turns(code, &d->b);
    return d;
}

static inline void free_decoder(qkd_decoder *d)
{
    if (!d)
        return;
    explicit_bzero(d->memory, d->n_bytes);
    free(d->memory);
    free(d);
}

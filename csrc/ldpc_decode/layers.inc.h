/* Layered sum-product decoding of a syndrome (D. E. Hocevar, IEEE SIPS 2004, p. 107: layers), in 8 bits.
 *
 * A layer is a row of the base matrix: 64 checks side by side, each with one bit of every column in the row.
 * For a check with syndrome bit s and incoming log-likelihood ratios t_i, positive for a 0 bit, the answers are
 *     r_i = (-1)^s * product over j != i of sgn(t_j) * phi(sum over j != i of phi(|t_j|)),
 * with phi(x) = -ln tanh(x / 2), its own inverse. phi comes from tables that the caller gives, each in several
 * roundings, which take turns, so that their errors do not add up: `phi` from a ratio, 0 to 127, to a sum, and
 * `ratio` back. A ratio of 0, of which nothing is known, counts as much as any sum that tells nothing.
 *
 * The message stored is what the posterior really changed by, not what it should have: posteriors are limited, and
 * what is taken out of one must be what was put in. The limit leaves room for one message more in 8 bits. Where it did
 * not, what was taken out was cut off: while a few checks stayed unfulfilled, all columns beside them lost some of
 * their posteriors in every sweep, until one of them turned, and then all.
 *
 * Late, when few checks are left, answers may be larger (the second set of tables), to free runs of wrong bits in
 * columns of degree 2: of k in a row all are set right only where answers are larger than half of k initial ratios.
 * If that does not help, what was believed of bits of degree 2 at first is reduced to a quarter, once: by then it is the
 * checks that hold those in place that are right. (Of all bits, it would be too much where rows are long.)
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

enum { STALLED_SWEEPS = 2, STUCK_SWEEPS = 4, LATE_SHARE = 1000, KNOWN_RATIO = 127, LARGEST_POSTERIOR = 127 - LARGEST_ANSWER };

typedef struct {
    const uint32_t *row_start, *column;
    const uint8_t *shift;
    size_t n_rows, n_columns, n_entries;
} base_matrix;

typedef struct {
    uint8_t *posteriors; /* COLUMN_BYTES for each column, rotated as its last layer saw them */
    uint8_t *messages;   /* 64 for each entry: what the row's last answer added to the column */
    uint8_t *incoming;   /* 64 for each entry of the row at hand */
    uint32_t *spot;      /* for each entry, where its column is, and by how much to rotate it, when its turn comes */
    uint8_t *frame;      /* by how much each column is rotated after a sweep */
    uint64_t *ones;      /* for each column, as the frame has it: which bits were ones at first, */
    uint64_t *doubtful;  /* and which of degree 2 were neither certain nor unknown */
    uint8_t *degree;     /* of each column, up to 3 */
} beliefs;

struct qkd_decoder {
    base_matrix code;
    beliefs b;
    int ratio, is_weak; /* the initial ratio of bits; whether it was reduced since, for those of degree 2 */
    size_t n_bytes;
    uint8_t *memory; /* all that is derived from the key lies here, and is wiped at the end */
};

/* The columns' rotations follow from the order of the entries. */
static inline void plan_turns(const base_matrix *code, beliefs *b)
{
    for (size_t e = 0; e < code->n_entries; e++)
        b->frame[code->column[e]] = code->shift[e];
    for (size_t e = 0; e < code->n_entries; e++)
        b->degree[code->column[e]] += b->degree[code->column[e]] < 3;
    uint8_t *now = b->incoming; /* not in use yet; there is room for all columns */
    memcpy(now, b->frame, code->n_columns);
    for (size_t e = 0; e < code->n_entries; e++) {
        b->spot[e] = COLUMN_BYTES * code->column[e] + ((code->shift[e] - now[code->column[e]]) & 63);
        now[code->column[e]] = code->shift[e];
    }
}

TARGET static inline __attribute__((always_inline)) row limited(row x)
{
    return at_least(at_most(x, LARGEST_POSTERIOR), -LARGEST_POSTERIOR);
}

static inline uint64_t rotated_right(uint64_t word, unsigned by)
{
    return word >> (by & 63) | word << (-by & 63);
}

TARGET static void start(qkd_decoder *d, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown, int ratio)
{
    const beliefs *b = &d->b;
    d->ratio = ratio;
    d->is_weak = 0;
    memset(b->messages, 0, 64 * d->code.n_entries);
    for (size_t c = 0; c < d->code.n_columns; c++) {
        unsigned by = b->frame[c];
        uint64_t at_last = rotated_right(load_word(known + 8 * c), by);
        uint64_t nothing = rotated_right(load_word(unknown + 8 * c), by);
        b->ones[c] = rotated_right(load_word(bits + 8 * c), by);
        b->doubtful[c] = b->degree[c] == 2 ? ~(at_last | nothing) : 0;
        row magnitude = chosen(at_last, every(KNOWN_RATIO), chosen(nothing, every(0), every((int8_t)ratio)));
        store_column(b->posteriors + COLUMN_BYTES * c, negated_where(b->ones[c], magnitude));
    }
}

/* Reduce what bits of degree 2 were believed at first to a quarter. */
TARGET static void weaken(qkd_decoder *d)
{
    const beliefs *b = &d->b;
    row less = every((int8_t)(d->ratio - d->ratio / 4));
    d->is_weak = 1;
    for (size_t c = 0; c < d->code.n_columns; c++) {
        uint8_t *posteriors = b->posteriors + COLUMN_BYTES * c;
        row initial = chosen(b->doubtful[c], negated_where(b->ones[c], less), every(0));
        store_column(posteriors, limited(saturating_difference(load(posteriors), initial)));
    }
}

typedef struct {
    row sum, signs, hard;
} check;

/* Take one entry's message out of its column, and add up what it comes to. */
TARGET static inline __attribute__((always_inline)) void gather(size_t e, const beliefs *b, const tables *t,
                                                                size_t rounding, uint8_t *incoming, check *k)
{
    row total = rotated(b->posteriors, b->spot[e]);
    row in = plain_difference(total, load(b->messages + 64 * e));
    store(incoming, in);
    k->hard = exclusive_or(k->hard, total);
    k->signs = exclusive_or(k->signs, in);
    k->sum = sum_up_to_255(k->sum, phi(t, magnitude_of(in), rounding));
}

/* Give one entry's column its new message. */
TARGET static inline __attribute__((always_inline)) void scatter(size_t e, const beliefs *b, const tables *t,
                                                                 size_t rounding, const uint8_t *incoming,
                                                                 const check *k)
{
    row in = load(incoming);
    row others = difference_down_to_0(k->sum, phi(t, magnitude_of(in), rounding));
    row answer = signed_as(exclusive_or(k->signs, in), ratio(t, others, rounding & 1));
    row total = limited(saturating_sum(in, answer));
    store(b->messages + 64 * e, plain_difference(total, in));
    store_column(b->posteriors + (b->spot[e] & ~63u), total);
}

/* Roundings are constants in the unrolled loops, so that their tables stay in registers. */
#define FOR_ENTRIES(first, end, step)                                                                         \
    do {                                                                                                      \
        size_t e = (first), stop = (end);                                                                     \
        uint8_t *at = b->incoming;                                                                            \
        for (; e + 4 <= stop; e += 4, at += 4 * 64) {                                                         \
            step(e, b, t, 0, at, &k);                                                                         \
            step(e + 1, b, t, 1, at + 64, &k);                                                                \
            step(e + 2, b, t, 2, at + 128, &k);                                                               \
            step(e + 3, b, t, 3, at + 192, &k);                                                               \
        }                                                                                                     \
        if (e < stop)                                                                                         \
            step(e, b, t, 0, at, &k);                                                                         \
        if (e + 1 < stop)                                                                                     \
            step(e + 1, b, t, 1, at + 64, &k);                                                                \
        if (e + 2 < stop)                                                                                     \
            step(e + 2, b, t, 2, at + 128, &k);                                                               \
    } while (0)

/* One layer, entries `first` to before `end`; counts its checks that were not fulfilled. */
TARGET static inline __attribute__((always_inline)) size_t pass_layer(size_t first, size_t end, uint64_t syndrome,
                                                                      const beliefs *b, const tables *t)
{
    row wanted = negated_where(syndrome, every(1));
    check k = {every(0), wanted, wanted};
    FOR_ENTRIES(first, end, gather);
    FOR_ENTRIES(first, end, scatter);
    return (size_t)__builtin_popcountll(sign_bits(k.hard));
}

/* One sweep over all layers; counts the checks that were not fulfilled when their turn came. */
TARGET static size_t sweep(const base_matrix *code, const uint8_t *syndrome, const beliefs *b,
                           const uint8_t *given, size_t number, int late)
{
    tables t = load_tables(given, number, late);
    beliefs own = *b; /* in registers: rows stored could change what lies in memory */
    size_t unfulfilled = 0;
    for (size_t layer = 0; layer < code->n_rows; layer++) {
        size_t first = code->row_start[layer], end = code->row_start[layer + 1];
        unfulfilled += pass_layer(first, end, load_word(syndrome + 8 * layer), &own, &t);
    }
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

TARGET static int decode(qkd_decoder *d, const uint8_t *syndrome, const uint8_t *given, size_t max_sweeps,
                         size_t patience, uint8_t *bits)
{
    const base_matrix *code = &d->code;
    size_t least = SIZE_MAX, since_least = 0, unfulfilled = SIZE_MAX, done = 0;
    size_t few = 64 * code->n_rows / LATE_SHARE + 8;
    while (done < max_sweeps && (!patience || since_least < patience)) {
        int late = since_least >= STALLED_SWEEPS && unfulfilled < few;
        if (since_least >= STUCK_SWEEPS && unfulfilled < few && !d->is_weak) {
            weaken(d);
            since_least = 0;
        }
        unfulfilled = sweep(code, syndrome, &d->b, given, done++, late);
        since_least = unfulfilled < least ? 0 : since_least + 1;
        least = unfulfilled < least ? unfulfilled : least;
        if (!unfulfilled && patience) {
            decide(code, &d->b, bits);
            if (fits(code, bits, syndrome))
                return (int)done;
        }
    }
    decide(code, &d->b, bits);
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

static inline size_t whole_rows(size_t n_bytes)
{
    return (n_bytes + 63) / 64 * 64;
}

TARGET static qkd_decoder *new_decoder(const base_matrix *code)
{
    size_t columns = COLUMN_BYTES * code->n_columns, entries = 64 * code->n_entries;
    size_t incoming = 64 * longest_row(code) + whole_rows(code->n_columns);
    size_t spots = whole_rows(4 * code->n_entries), marks = whole_rows(8 * code->n_columns);
    size_t n_bytes = columns + entries + incoming + spots + 2 * marks + 2 * whole_rows(code->n_columns);
    qkd_decoder *d = calloc(1, sizeof *d);
    uint8_t *memory = d ? aligned_alloc(64, n_bytes + 64) : NULL;
    if (!memory) {
        free(d);
        return NULL;
    }
    memset(memory, 0, n_bytes);
    d->code = *code;
    d->n_bytes = n_bytes;
    d->memory = memory;
    d->b.posteriors = memory;
    d->b.messages = d->b.posteriors + columns;
    d->b.incoming = d->b.messages + entries;
    d->b.spot = (uint32_t *)(d->b.incoming + incoming);
    d->b.ones = (uint64_t *)(d->b.incoming + incoming + spots);
    d->b.doubtful = d->b.ones + marks / 8;
    d->b.frame = (uint8_t *)(d->b.doubtful + marks / 8);
    d->b.degree = d->b.frame + whole_rows(code->n_columns);
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

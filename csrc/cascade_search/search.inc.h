/* Bob's side of Cascade: halve the odd intervals of all passes until wrong bits stand alone.
 *
 * One call does a round for a whole block. Everything here follows from Alice's parities and from where the
 * keys differ; the second becomes public by the cuts that Bob asks for, so branches and addresses may depend
 * on it, and do. No address depends on the key itself.
 *
 * Included once by each variant, after view.inc.h. */
#include "subset_parity/subset.h"
#include "kernels.h"
#include "words.h"

enum { EAGER_PASSES = 2, MAX_DEPTH = 4, BATCH = 32 };

struct qkd_search {
    uint32_t n_words;
    int n_passes;
    int depth;           /* how often the intervals asked for are halved at once */
    size_t wanted;       /* cuts asked for and not answered */
    unsigned total_told; /* Alice's parity of all bits */
    uint64_t *key, *corrected;
    view passes[MAX_PASSES];
};

TARGET static void fill_cells(qkd_search *s, view *v, const uint64_t *bits)
{
    for (uint32_t i = 0; i < s->n_words; i++) {
        uint64_t keep = v->kind == PASS_CHOSEN ? subset_word(v->subset, i) : ~(uint64_t)0;
        v->cells[i] = (cell){.bits = bits[i] & keep};
    }
    v->cells[s->n_words] = (cell){.cuts = 1};
}

/* Cut the pass into blocks, with Alice's parities at their ends. There is room for all to be odd. */
TARGET static void cut_blocks(qkd_search *s, view *v, size_t block, const uint8_t *parities)
{
    uint32_t end_of_all = 64 * s->n_words, at = 0;
    unsigned before = 0;
    for (size_t i = 0; at < end_of_all; i++) {
        uint32_t end = end_of_all - at > block ? at + (uint32_t)block : end_of_all;
        int known = v->kind == PASS_SHUFFLED && end == end_of_all;
        unsigned told = known ? s->total_told : parities[i >> 3] >> (i & 7) & 1;
        cell *first = v->cells + (at >> 6);
        uint64_t odd = told ^ before ^ parity_between(v->cells, at, end);
        first->cuts |= (uint64_t)1 << (at & 63);
        first->told |= (uint64_t)before << (at & 63);
        first->odd |= odd << (at & 63);
        if (odd)
            push_odd(v, at, end);
        before = told;
        at = end;
    }
    if (v->kind == PASS_NATURAL)
        s->total_told = before;
}

/* The intervals asked for are still odd, and not cut since: the second of two equal entries goes. */
TARGET static size_t drop_stale(view *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->queue.length; i++) {
        span each = v->queue.items[i];
        uint32_t middle = (each.start + each.end) / 2;
        int fresh = is_odd(v, each.start) && !bit_of(v->cells[middle >> 6].cuts, middle);
        add_cut(v->cells, fresh ? middle : each.start);
        v->asked.items[kept] = each;
        kept += (size_t)fresh;
    }
    v->asked.length = kept;
    v->queue.length = 0;
    return kept;
}

/* The cuts that halve an interval `depth` times, each before those inside its halves. */
TARGET static uint32_t *list_cuts(cell *cells, span whole, int depth, uint32_t *out)
{
    if (!depth || whole.end - whole.start == 1)
        return out;
    uint32_t middle = (whole.start + whole.end) / 2;
    add_cut(cells, middle);
    *out++ = middle;
    out = list_cuts(cells, (span){whole.start, middle}, depth - 1, out);
    return list_cuts(cells, (span){middle, whole.end}, depth - 1, out);
}

/* How many these are. */
static size_t cuts_within(span whole, int depth)
{
    uint32_t middle = (whole.start + whole.end) / 2;
    if (!depth || whole.end - whole.start == 1)
        return 0;
    if (depth == 1)
        return 1;
    return 1 + cuts_within((span){whole.start, middle}, depth - 1) + cuts_within((span){middle, whole.end}, depth - 1);
}

/* With `searches` under way, the most halvings at once that ask for at most `spare` cuts in vain. */
static int depth_for(size_t searches, size_t spare)
{
    int depth = 1;
    while (depth < MAX_DEPTH && searches * ((2u << depth) - 2 - (unsigned)depth) <= spare)
        depth++;
    return depth;
}

/* Use the answers at the cuts of list_cuts(), in their order; note the odd intervals that are left. */
TARGET static size_t split_deep(view *v, span whole, int depth, const uint8_t *parities, size_t at)
{
    if (!depth || whole.end - whole.start == 1) {
        if (is_odd(v, whole.start))
            push_odd(v, whole.start, whole.end);
        return at;
    }
    uint32_t middle = (whole.start + whole.end) / 2;
    left_half_odd(v->cells, whole, middle, parities[at >> 3] >> (at & 7) & 1);
    at = split_deep(v, (span){whole.start, middle}, depth - 1, parities, at + 1);
    return split_deep(v, (span){middle, whole.end}, depth - 1, parities, at);
}

/* The same for one halving, in which exactly one half is odd, without branches that depend on which. */
TARGET static void split_once(view *v, const uint8_t *parities, size_t at)
{
    const span *asked = v->asked.items;
    span *queue = v->queue.items + v->queue.length, *alone = v->alone.items + v->alone.length;
    for (size_t i = 0, n = v->asked.length; i < n; i++, at++) {
        if (i + 8 < n) {
            __builtin_prefetch(v->cells + (asked[i + 8].start >> 6));
            __builtin_prefetch(v->cells + ((asked[i + 8].start + asked[i + 8].end) >> 7));
        }
        uint32_t start = asked[i].start, end = asked[i].end, middle = (start + end) / 2;
        uint32_t left = -left_half_odd(v->cells, asked[i], middle, parities[at >> 3] >> (at & 7) & 1);
        uint32_t from = (start & left) | (middle & ~left), to = (middle & left) | (end & ~left);
        uint64_t half = (uint64_t)to << 32 | from; /* a span, in one store */
        size_t single = to - from == 1;
        memcpy(queue, &half, sizeof half);
        memcpy(alone, &half, sizeof half);
        queue += 1 - single;
        alone += single;
    }
    v->queue.length = (size_t)(queue - v->queue.items);
    v->alone.length = (size_t)(alone - v->alone.items);
}

TARGET static inline uint32_t index_in(const view *v, uint32_t place)
{
    return v->kind == PASS_SHUFFLED ? index_at(&v->order, place) : place;
}

/* Where a bit stands in a pass, for some at once. */
TARGET static void find_places(const view *v, const uint32_t *index, size_t n, uint32_t *place)
{
    for (size_t i = 0; i < n; i++)
        place[i] = v->kind == PASS_SHUFFLED ? place_of(&v->order, index[i]) : index[i];
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(v->cells + (place[i] >> 6));
}

TARGET static inline int is_member(const view *v, uint32_t index)
{
    return v->kind != PASS_CHOSEN || bit_of(subset_word(v->subset, index >> 6), index);
}

static int reserve_in_all(qkd_search *s, size_t more)
{
    int there = 1;
    for (int q = 0; q < s->n_passes; q++)
        there &= reserve(&s->passes[q].queue, more) & reserve(&s->passes[q].alone, more);
    return there;
}

/* Flip some of the bits that stand alone in a pass, everywhere. One that was flipped before cannot be wrong
 * again unless Alice's parities contradict each other. */
TARGET static int flip_batch(qkd_search *s, view *from, size_t first, size_t n)
{
    uint32_t index[BATCH], place[MAX_PASSES][BATCH];
    for (size_t i = 0; i < n; i++)
        index[i] = index_in(from, from->alone.items[first + i].start);
    for (int q = 0; q < s->n_passes; q++)
        find_places(s->passes + q, index, n, place[q]);
    if (!reserve_in_all(s, n))
        return -NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (!is_odd(from, from->alone.items[first + i].start))
            continue;
        uint64_t bit = (uint64_t)1 << (index[i] & 63);
        if (s->corrected[index[i] >> 6] & bit)
            return -CONTRADICTION;
        s->corrected[index[i] >> 6] |= bit;
        s->key[index[i] >> 6] ^= bit;
        for (int q = 0; q < s->n_passes; q++)
            if (is_member(s->passes + q, index[i]))
                flip_place(s->passes + q, place[q][i]);
    }
    return 0;
}

/* Flip all bits that stand alone, until there are none in any pass. */
TARGET static int correct(qkd_search *s)
{
    for (int p = 0; p < s->n_passes; p++) {
        view *v = s->passes + p;
        for (size_t done = 0, n; done < v->alone.length; done += n) {
            n = v->alone.length - done < BATCH ? v->alone.length - done : BATCH;
            int fault = flip_batch(s, v, done, n);
            if (fault)
                return fault;
        }
        int any = v->alone.length > 0;
        v->alone.length = 0;
        if (any)
            p = -1;
    }
    return 0;
}

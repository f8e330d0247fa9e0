/* Bob's side of Cascade: halve the odd intervals of all passes until wrong bits stand alone.
 *
 * One call does a round for a whole block. Everything here follows from Alice's parities and from where the
 * keys differ; the second becomes public by the cuts that Bob asks for, so branches and addresses may depend
 * on it, and do. No address depends on the key itself.
 *
 * Included once by each variant, after view.inc.h. */
#include "cascade_tell/packed_cuts.h"
#include "kernels.h"
#include "subset_parity/subset.h"
#include "words.h"

enum { EAGER_PASSES = 2, MAX_DEPTH = 4, BATCH = 32 };

struct qkd_search {
    uint32_t n_words;
    int n_passes;
    int depth;           /* how often the intervals asked for are halved at once */
    size_t wanted;       /* cuts asked for and not answered */
    unsigned total_told; /* Alice's parity of all bits */
    uint64_t *key, *corrected;
    view *fresh;         /* a pass in which nothing was flipped since it was opened, or NULL: see fresh.inc.h */
    uint8_t *prefix;     /* its prefix parities */
    uint8_t *lean;       /* for each of its odd intervals: whether the prefix before it differs from Alice's */
    uint8_t *packed;     /* the cuts chosen last */
    size_t lean_room, packed_room;
    view passes[MAX_PASSES];
};

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
TARGET static void list_cuts(cell *cells, span whole, int depth, cut_writer *out)
{
    if (!depth || whole.end - whole.start == 1)
        return;
    uint32_t middle = (whole.start + whole.end) / 2;
    add_cut(cells, middle);
    put_cut(out, middle);
    list_cuts(cells, (span){whole.start, middle}, depth - 1, out);
    list_cuts(cells, (span){middle, whole.end}, depth - 1, out);
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

/* Which bits stand at BATCH places of a pass. */
TARGET static void find_indices(const view *v, const uint32_t *place, uint32_t *index)
{
    memcpy(index, place, BATCH * sizeof *index);
    if (v->kind != PASS_SHUFFLED)
        return;
    if (walks(&v->order))
        for (int i = 0; i < BATCH; i++)
            index[i] = index_at(&v->order, index[i]);
    else
        for (int r = ROUNDS; r-- > 0;)
            for (int i = 0; i < BATCH; i++)
                index[i] = round_back(&v->order, r, index[i], 0);
}

/* Where BATCH bits stand in a pass. */
TARGET static void find_places(const view *v, const uint32_t *index, uint32_t *place)
{
    memcpy(place, index, BATCH * sizeof *place);
    if (v->kind == PASS_SHUFFLED) {
        if (walks(&v->order))
            for (int i = 0; i < BATCH; i++)
                place[i] = place_of(&v->order, place[i]);
        else
            for (int r = 0; r < ROUNDS; r++)
                for (int i = 0; i < BATCH; i++)
                    place[i] = round_onwards(&v->order, r, place[i], 0);
    }
    for (int i = 0; i < BATCH; i++)
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
    uint32_t index[BATCH], place[MAX_PASSES][BATCH], *here = place[from - s->passes];
    for (size_t i = 0; i < BATCH; i++)
        here[i] = i < n ? from->alone.items[first + i].start : 0;
    find_indices(from, here, index);
    for (int q = 0; q < s->n_passes; q++)
        if (s->passes + q != from)
            find_places(s->passes + q, index, place[q]);
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

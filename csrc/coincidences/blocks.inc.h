/* The greedy merge, a block of each stream at a time.
 *
 * Two tags are near if they may pair. If a tag of a is near some tag of b, and a later one of a near an earlier one of
 * b, then the two earlier ones are near as well. So near pairs, taken in any order in which none comes before another
 * that is not later in either stream, make the greedy merge's pairs if each is accepted whose tags are both after
 * those accepted before. Blocks follow each other in such an order: all near pairs of a block of a and one of b are
 * found at once, then the block that ends first is left. What is left behind may be near the next block of the other
 * stream; that is rare, and there the merge itself runs for a stretch.
 *
 * Included by variants that define TARGET, BLOCK (tags in a block), and
 *     near_pairs(a_ps, b_ps, window_ps)   bit i * BLOCK + j says whether tags i and j of two blocks are near,
 *     disordered(time_ps)                 whether a block and the tag after it do not ascend. */
#include "coincidences/merge.h"

enum { STRETCH = 4 * BLOCK, LIST = 1024, WHOLE = BLOCK * BLOCK };

typedef struct {
    uint32_t a[LIST + WHOLE], b[LIST + WHOLE];
    size_t n;
} near_list;

typedef struct {
    const int64_t *a_ps, *b_ps;
    size_t n_a, n_b;
    uint64_t window_ps;
} streams;

static inline size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* List near pairs from the blocks at `at` on, and leave there the blocks to go on with: to the end of a stream, until
 * the list is full, or to where the merge itself must run. Nothing branches on which tags are near or earlier, which is
 * a coin toss to a predictor, but where more than two pairs are near. */
TARGET static inline merge_state list_near(const streams *s, merge_state at, near_list *near, int *disorder)
{
    size_t a = at.a, b = at.b, n = 0, seen = 0;
    while (s->n_a - a > BLOCK && s->n_b - b > BLOCK && n < LIST) {
        const int64_t *a_ps = s->a_ps + a, *b_ps = s->b_ps + b;
        uint64_t pairs = near_pairs(a_ps, b_ps, s->window_ps);
        size_t k = n;
        n += (size_t)__builtin_popcountll(pairs);
        for (int two = 0; two < 2; two++, k++) {
            unsigned bit = (unsigned)__builtin_ctzll(pairs | (uint64_t)1 << 63);
            near->a[k] = (uint32_t)(a + bit / BLOCK);
            near->b[k] = (uint32_t)(b + bit % BLOCK);
            pairs &= pairs - 1;
        }
        for (; __builtin_expect(pairs != 0, 0); pairs &= pairs - 1, k++) {
            near->a[k] = (uint32_t)(a + (unsigned)__builtin_ctzll(pairs) / BLOCK);
            near->b[k] = (uint32_t)(b + (unsigned)__builtin_ctzll(pairs) % BLOCK);
        }
        uint64_t a_end = (uint64_t)a_ps[BLOCK - 1], b_end = (uint64_t)b_ps[BLOCK - 1];
        uint64_t a_next = (uint64_t)a_ps[BLOCK], b_next = (uint64_t)b_ps[BLOCK];
        size_t a_ends = (int64_t)a_end < (int64_t)b_end;
        uint64_t across = ((b_next - a_end) & -a_ends) | ((a_next - b_end) & (a_ends - 1));
        seen |= (size_t)(disordered(a_ps) | disordered(b_ps));
        if (__builtin_expect(across <= s->window_ps, 0))
            break;
        a += BLOCK * a_ends;
        b += BLOCK * (1 - a_ends);
    }
    near->n = n;
    *disorder |= seen != 0;
    return (merge_state){a, b, at.pairs};
}

/* Accept pairs whose tags are after those accepted before; gives the tags after the last accepted. */
TARGET static inline merge_state accept_near(const near_list *near, merge_state after, uint32_t *index_a,
                                             uint32_t *index_b)
{
    for (size_t k = 0; k < near->n; k++) {
        size_t a = near->a[k], b = near->b[k], accepted = (a >= after.a) & (b >= after.b);
        if (accepted) {
            index_a[after.pairs] = (uint32_t)a;
            index_b[after.pairs] = (uint32_t)b;
            after = (merge_state){a + 1, b + 1, after.pairs + 1};
        }
    }
    return after;
}

/* Whether tags from `first` to `end`, and the one after them, do not ascend. */
static inline int not_ascending(const int64_t *time_ps, size_t n, size_t first, size_t end)
{
    return any_disorder(time_ps, first, end < n ? end + 1 : n);
}

/* Times may lie so close to the ends of their type that differences and sums wrap around. */
static inline int is_tame(const int64_t *time_ps, size_t n)
{
    const int64_t far = (int64_t)1 << 61;
    return n == 0 || (time_ps[0] > -far && time_ps[n - 1] < far);
}

TARGET static inline size_t coincidences_by_blocks(const streams *s, uint32_t *index_a, uint32_t *index_b)
{
    merge_state at = {0, 0, 0}, after = at;
    int tame = s->window_ps < (uint64_t)1 << 61 && is_tame(s->a_ps, s->n_a) && is_tame(s->b_ps, s->n_b);
    int disorder = 0;
    near_list near;
    while (tame && s->n_a - at.a > BLOCK && s->n_b - at.b > BLOCK) {
        at = list_near(s, at, &near, &disorder);
        after = accept_near(&near, after, index_a, index_b);
        if (near.n >= LIST)
            continue;
        size_t a = at.a, b = at.b, stop_a = a + STRETCH, stop_b = b + STRETCH;
        after.a = larger(after.a, a);
        after.b = larger(after.b, b);
        at = after = merge_until(after, stop_a < s->n_a ? stop_a : s->n_a, stop_b < s->n_b ? stop_b : s->n_b, s->a_ps,
                                 s->b_ps, s->window_ps, index_a, index_b);
        disorder |= not_ascending(s->a_ps, s->n_a, a, at.a) | not_ascending(s->b_ps, s->n_b, b, at.b);
    }
    disorder |= not_ascending(s->a_ps, s->n_a, at.a, s->n_a) | not_ascending(s->b_ps, s->n_b, at.b, s->n_b);
    after.a = larger(after.a, at.a);
    after.b = larger(after.b, at.b);
    after = merge_until(after, s->n_a, s->n_b, s->a_ps, s->b_ps, s->window_ps, index_a, index_b);
    return disorder ? DISORDER : after.pairs;
}

/* A pass that was just opened while no other has an odd interval: until a bit is flipped, Bob's prefix parities stay
 * what they are, and which half of an interval is odd takes one of them.
 *
 * An interval is odd where Alice's and Bob's prefixes differ at one of its ends and agree at the other. Its odd half
 * has either its start or its end, so that the prefix before the odd part never changes sides (`lean`). What such
 * intervals' cells say of being odd is filled in at the end.
 *
 * Included once by each variant, after search.inc.h. */

TARGET static inline unsigned prefix_before(const uint8_t *prefix, uint32_t place)
{
    return prefix[(place - 1) >> 3] >> ((place - 1) & 7) & 1;
}

TARGET static inline void mark_odd(view *v, uint32_t start, uint64_t odd)
{
    v->cells[start >> 6].odd |= odd << (start & 63);
}

/* From now on the pass is as any other. */
TARGET static void settle(qkd_search *s)
{
    view *v = s->fresh;
    s->fresh = NULL;
    if (!v)
        return;
    for (size_t i = 0; i < v->queue.length; i++)
        mark_odd(v, v->queue.items[i].start, 1);
    for (size_t i = 0; i < v->asked.length; i++)
        mark_odd(v, v->asked.items[i].start, 1);
}

/* Cut the pass into blocks, with Alice's parities at their ends. There is room for all to be odd. */
TARGET static void cut_blocks(qkd_search *s, view *v, size_t block, const uint8_t *parities)
{
    uint32_t end_of_all = 64 * s->n_words, at = 0;
    unsigned before = 0, lean = 0;
    span *queue = v->queue.items;
    for (size_t i = 0; at < end_of_all; i++) {
        uint32_t end = end_of_all - at > block ? at + (uint32_t)block : end_of_all;
        int known = v->kind == PASS_SHUFFLED && end == end_of_all;
        unsigned told = known ? s->total_told : parities[i >> 3] >> (i & 7) & 1;
        unsigned lean_after = told ^ prefix_before(s->prefix, end), odd = lean ^ lean_after;
        cell *first = v->cells + (at >> 6);
        first->cuts |= (uint64_t)1 << (at & 63);
        first->told |= (uint64_t)before << (at & 63);
        if (end - at == 1) {
            v->alone.items[v->alone.length] = (span){at, end};
            v->alone.length += odd;
            mark_odd(v, at, odd);
        } else {
            *queue = (span){at, end};
            s->lean[queue - v->queue.items] = (uint8_t)lean;
            queue += odd;
        }
        before = told;
        lean = lean_after;
        at = end;
    }
    v->queue.length = (size_t)(queue - v->queue.items);
    if (v->kind == PASS_NATURAL)
        s->total_told = before;
}

/* All its odd intervals are asked for. */
TARGET static size_t ask_fresh(view *v)
{
    spans queue = v->queue;
    v->queue = v->asked;
    v->asked = queue;
    v->queue.length = 0;
    return queue.length;
}

/* Halve each interval asked for, without branches that depend on which half is odd; there is room. */
TARGET static void split_fresh(qkd_search *s, const uint8_t *restrict parities)
{
    view *v = s->fresh;
    cell *restrict cells = v->cells;
    const uint8_t *restrict prefix = s->prefix;
    const span *restrict asked = v->asked.items;
    uint8_t *restrict lean = s->lean;
    span *restrict queue = v->queue.items, *restrict alone = v->alone.items;
    size_t n_queue = 0, n_alone = v->alone.length;
    for (size_t i = 0, n = v->asked.length; i < n; i++) {
        if (i + 8 < n)
            __builtin_prefetch(cells + ((asked[i + 8].start + asked[i + 8].end) >> 7));
        uint32_t start = asked[i].start, end = asked[i].end, middle = (start + end) / 2;
        unsigned told = parities[i >> 3] >> (i & 7) & 1, side = lean[i];
        uint32_t left = -(told ^ prefix_before(prefix, middle) ^ side);
        uint32_t from = (start & left) | (middle & ~left), to = (middle & left) | (end & ~left);
        uint64_t half = (uint64_t)to << 32 | from; /* a span, in one store */
        size_t single = to - from == 1;
        cell *at = cells + (middle >> 6);
        at->cuts |= (uint64_t)1 << (middle & 63);
        at->told |= (uint64_t)told << (middle & 63);
        cells[from >> 6].odd |= (uint64_t)single << (from & 63);
        memcpy(queue + n_queue, &half, sizeof half);
        memcpy(alone + n_alone, &half, sizeof half);
        lean[n_queue] = (uint8_t)side;
        n_queue += 1 - single;
        n_alone += single;
    }
    v->queue.length = n_queue;
    v->alone.length = n_alone;
}

/* The calls that Python makes. Included once by each variant, after fresh.inc.h. */

static void give_back(spans *list)
{
    if (list->items)
        explicit_bzero(list->items, list->room * sizeof *list->items);
    free(list->items);
}

static void forget_lean(qkd_search *s)
{
    if (s->lean)
        explicit_bzero(s->lean, s->lean_room);
    free(s->lean);
}

/* The key, which of its bits were corrected, and prefix parities. */
enum { KEY_WORDS = 3 };

TARGET static void free_search(qkd_search *s)
{
    if (!s)
        return;
    for (int p = 0; p < s->n_passes; p++) {
        view *v = s->passes + p;
        explicit_bzero(v->cells, (s->n_words + 1) * sizeof(cell));
        free(v->cells);
        give_back(&v->queue);
        give_back(&v->asked);
        give_back(&v->alone);
    }
    if (s->key)
        explicit_bzero(s->key, KEY_WORDS * 8 * (size_t)s->n_words);
    free(s->key);
    forget_lean(s);
    free(s->packed);
    explicit_bzero(s, sizeof *s);
    free(s);
}

TARGET static qkd_search *new_search(const uint8_t *key, size_t n_words)
{
    qkd_search *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->n_words = (uint32_t)n_words;
    s->key = calloc(KEY_WORDS * n_words, sizeof(uint64_t));
    if (!s->key) {
        free_search(s);
        return NULL;
    }
    s->corrected = s->key + n_words;
    s->prefix = (uint8_t *)(s->corrected + n_words);
    memcpy(s->key, key, 8 * n_words);
    return s;
}

typedef int permuting(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to);
typedef void adding_up(const uint8_t *bits, size_t n_bits, uint8_t *out);

typedef struct {
    permuting *permute;
    adding_up *prefix_parity;
} helpers;

/* Bob's bits as a pass has them. Gives 0 or -NO_MEMORY. */
TARGET static int arrange(const qkd_search *s, view *v, const uint64_t *random, const helpers *h, uint64_t *bits)
{
    v->subset = random[0];
    if (v->kind == PASS_SHUFFLED) {
        v->order = make_permutation(random, s->n_words);
        return h->permute(random, (uint8_t *)s->key, s->n_words, 0, (uint8_t *)bits);
    }
    memcpy(bits, s->key, 8 * (size_t)s->n_words);
    for (uint32_t i = 0; v->kind == PASS_CHOSEN && i < s->n_words; i++)
        bits[i] &= subset_word(v->subset, i);
    return 0;
}

TARGET static int fill_cells(qkd_search *s, view *v, const uint64_t *random, const helpers *h)
{
    size_t n_bytes = 8 * (size_t)s->n_words;
    uint64_t *bits = malloc(n_bytes);
    if (!bits || arrange(s, v, random, h, bits)) {
        free(bits);
        return -NO_MEMORY;
    }
    for (uint32_t i = 0; i < s->n_words; i++)
        v->cells[i] = (cell){.bits = bits[i]};
    v->cells[s->n_words] = (cell){.cuts = 1};
    h->prefix_parity((uint8_t *)bits, 8 * n_bytes, s->prefix);
    explicit_bzero(bits, n_bytes);
    free(bits);
    return 0;
}

TARGET static int open_view(qkd_search *s, view *v, const uint64_t *random, size_t block, const helpers *h)
{
    size_t blocks = (64 * (size_t)s->n_words - 1) / block + 1;
    forget_lean(s);
    s->lean = malloc(s->lean_room = blocks + 1);
    if (!s->lean || !reserve(&v->queue, blocks + 1) || !reserve(&v->alone, blocks + 1))
        return -NO_MEMORY;
    return fill_cells(s, v, random, h);
}

/* Whether a pass has odd intervals. */
static int is_at_rest(const qkd_search *s)
{
    size_t odd = 0;
    for (int p = 0; p < s->n_passes; p++)
        odd += s->passes[p].queue.length + s->passes[p].alone.length;
    return !odd;
}

TARGET static int open_pass(qkd_search *s, int kind, const uint64_t *random, size_t block, const uint8_t *parities,
                            const helpers *h)
{
    view *v = s->passes + s->n_passes;
    int at_rest = is_at_rest(s);
    settle(s);
    v->kind = kind;
    v->cells = malloc((s->n_words + 1) * sizeof(cell));
    if (!v->cells)
        return -NO_MEMORY;
    s->n_passes++;
    if (open_view(s, v, random, block, h))
        return -NO_MEMORY;
    cut_blocks(s, v, block, parities);
    s->fresh = v;
    if (!at_rest)
        settle(s);
    return 0;
}

/* Which intervals to cut; gives their number, or -NO_MEMORY. */
TARGET static ptrdiff_t choose_intervals(qkd_search *s)
{
    size_t searches = 0;
    for (int p = 0; p < s->n_passes; p++) {
        view *v = s->passes + p;
        v->asked.length = 0;
        if (p >= EAGER_PASSES && searches)
            continue;
        if (!reserve(&v->asked, v->queue.length))
            return -NO_MEMORY;
        searches += v == s->fresh ? ask_fresh(v) : drop_stale(v);
    }
    return (ptrdiff_t)searches;
}

/* The cuts that halve some intervals once. The writer goes by value: one whose address is known to others would have to
 * be looked at anew after every store. */
TARGET static cut_writer put_middles(cut_writer out, const spans *asked)
{
    const span *items = asked->items;
    for (size_t i = 0, n = asked->length; i < n; i++)
        put_cut(&out, (items[i].start + items[i].end) / 2);
    return out;
}

static int make_room_for_cuts(qkd_search *s, unsigned width)
{
    size_t room = s->wanted * width / 8 + 8;
    if (room <= s->packed_room)
        return 0;
    free(s->packed);
    s->packed = malloc(2 * room);
    s->packed_room = s->packed ? 2 * room : 0;
    return s->packed ? 0 : -NO_MEMORY;
}

/* Write the cuts chosen, pass after pass. */
TARGET static int write_cuts(qkd_search *s)
{
    unsigned width = cut_bits(64 * (size_t)s->n_words);
    if (make_room_for_cuts(s, width))
        return -NO_MEMORY;
    cut_writer out = {s->packed, 0, 0, width};
    for (int p = 0; p < s->n_passes; p++) {
        const view *v = s->passes + p;
        if (s->depth == 1)
            out = put_middles(out, &v->asked);
        else
            for (size_t i = 0; i < v->asked.length; i++)
                list_cuts(v->cells, v->asked.items[i], s->depth, &out);
    }
    put_last_cut(&out);
    return 0;
}

/* Correct what is found, and choose the next cuts; `counts` gets how many in each pass. */
TARGET static ptrdiff_t choose_cuts(qkd_search *s, size_t spare, uint32_t *counts, const uint8_t **cuts)
{
    if (s->fresh && s->fresh->alone.length)
        settle(s);
    int fault = correct(s);
    if (fault)
        return fault;
    ptrdiff_t searches = choose_intervals(s);
    if (searches < 0)
        return searches;
    s->depth = depth_for((size_t)searches, spare);
    if (s->depth > 1)
        settle(s);
    s->wanted = 0;
    for (int p = 0; p < s->n_passes; p++) {
        const spans *asked = &s->passes[p].asked;
        size_t count = s->depth == 1 ? asked->length : 0;
        for (size_t i = 0; s->depth > 1 && i < asked->length; i++)
            count += cuts_within(asked->items[i], s->depth);
        counts[p] = (uint32_t)count;
        s->wanted += count;
    }
    if (write_cuts(s))
        return -NO_MEMORY;
    *cuts = s->packed;
    return (ptrdiff_t)s->wanted;
}

/* How many odd intervals her parities leave at most. Of one that is halved once one half is odd; of one that is cut
 * more often all pieces may be, one more than there are cuts. */
static size_t most_odd(const qkd_search *s)
{
    return (s->depth == 1 ? 1 : 2) * s->wanted;
}

/* Take Alice's parities at the cuts written. */
TARGET static int use_parities(qkd_search *s, const uint8_t *parities)
{
    if (!reserve_in_all(s, most_odd(s) + 1))
        return -NO_MEMORY;
    size_t at = 0;
    for (int p = 0; p < s->n_passes; p++) {
        view *v = s->passes + p;
        if (v == s->fresh)
            split_fresh(s, parities);
        else if (s->depth == 1) {
            split_once(v, parities, at);
            at += v->asked.length;
        } else
            for (size_t i = 0; i < v->asked.length; i++)
                at = split_deep(v, v->asked.items[i], s->depth, parities, at);
        v->asked.length = 0;
    }
    s->wanted = 0;
    return 0;
}

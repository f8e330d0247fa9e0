/* The calls that Python makes. Included once by each variant, after search.inc.h. */

static void give_back(spans *list)
{
    if (list->items)
        explicit_bzero(list->items, list->room * sizeof *list->items);
    free(list->items);
}

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
        explicit_bzero(s->key, 16 * (size_t)s->n_words);
    free(s->key);
    explicit_bzero(s, sizeof *s);
    free(s);
}

TARGET static qkd_search *new_search(const uint8_t *key, size_t n_words)
{
    qkd_search *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->n_words = (uint32_t)n_words;
    s->key = calloc(2 * n_words, sizeof(uint64_t));
    s->corrected = s->key + n_words;
    if (!s->key) {
        free_search(s);
        return NULL;
    }
    memcpy(s->key, key, 8 * n_words);
    return s;
}

typedef int permuting(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to);

TARGET static int open_view(qkd_search *s, view *v, const uint64_t *random, size_t block, permuting *permute)
{
    uint64_t *arranged = s->key;
    if (v->kind == PASS_SHUFFLED) {
        v->order = make_permutation(random, s->n_words);
        arranged = malloc(8 * (size_t)s->n_words);
        if (!arranged || permute(random, (uint8_t *)s->key, s->n_words, 0, (uint8_t *)arranged))
            return -NO_MEMORY;
    }
    v->subset = random[0];
    fill_cells(s, v, arranged);
    if (arranged != s->key) {
        explicit_bzero(arranged, 8 * (size_t)s->n_words);
        free(arranged);
    }
    size_t blocks = (64 * (size_t)s->n_words - 1) / block + 1;
    return reserve(&v->queue, blocks) && reserve(&v->alone, blocks) ? 0 : -NO_MEMORY;
}

TARGET static int open_pass(qkd_search *s, int kind, const uint64_t *random, size_t block,
                            const uint8_t *parities, permuting *permute)
{
    view *v = s->passes + s->n_passes;
    v->kind = kind;
    v->cells = malloc((s->n_words + 1) * sizeof(cell));
    if (!v->cells)
        return -NO_MEMORY;
    s->n_passes++;
    if (open_view(s, v, random, block, permute))
        return -NO_MEMORY;
    cut_blocks(s, v, block, parities);
    return 0;
}

/* Correct what is found, and choose the next cuts; `counts` gets how many in each pass. */
TARGET static ptrdiff_t choose_cuts(qkd_search *s, size_t spare, uint32_t *counts)
{
    int fault = correct(s);
    if (fault)
        return fault;
    size_t searches = 0;
    for (int p = 0; p < s->n_passes; p++) {
        view *v = s->passes + p;
        v->asked.length = 0;
        if (p >= EAGER_PASSES && searches)
            continue;
        if (!reserve(&v->asked, v->queue.length))
            return -NO_MEMORY;
        searches += drop_stale(v);
    }
    s->depth = depth_for(searches, spare);
    s->wanted = 0;
    for (int p = 0; p < s->n_passes; p++) {
        size_t count = 0;
        for (size_t i = 0; i < s->passes[p].asked.length; i++)
            count += cuts_within(s->passes[p].asked.items[i], s->depth);
        counts[p] = (uint32_t)count;
        s->wanted += count;
    }
    return (ptrdiff_t)s->wanted;
}

/* Write the cuts chosen, pass after pass. */
TARGET static void write_cuts(qkd_search *s, uint32_t *cuts)
{
    for (int p = 0; p < s->n_passes; p++) {
        const view *v = s->passes + p;
        for (size_t i = 0; i < v->asked.length; i++) {
            span each = v->asked.items[i];
            if (s->depth == 1)
                *cuts++ = (each.start + each.end) / 2;
            else
                cuts = list_cuts(v->cells, each, s->depth, cuts);
        }
    }
}

/* Take Alice's parities at the cuts written. */
TARGET static int use_parities(qkd_search *s, const uint8_t *parities)
{
    if (!reserve_in_all(s, s->wanted + 1))
        return -NO_MEMORY;
    size_t at = 0;
    for (int p = 0; p < s->n_passes; p++) {
        view *v = s->passes + p;
        if (s->depth == 1) {
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

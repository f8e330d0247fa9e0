/* Bob's search for errors against an Alice who says anything. The first bytes say how long his key is, how many cuts
 * may be in vain and which byte the key repeats; then come the passes and her parities, zeros once the bytes end. */
#include "fuzz/fuzz.h"

enum { MOST_WORDS = 16, MOST_PASSES = 4 };

typedef struct {
    const uint8_t *at, *end;
} said;

static uint8_t next(said *rest)
{
    return rest->at < rest->end ? *rest->at++ : 0;
}

/* As many bytes as hold n parities, the last of them filled up with zeros. */
static uint8_t *parities(said *rest, size_t n)
{
    uint8_t *bits = room((n + 7) / 8);
    for (size_t i = 0; i < (n + 7) / 8; i++)
        bits[i] = next(rest);
    if (n % 8)
        bits[n / 8] &= (uint8_t)((1 << n % 8) - 1);
    return bits;
}

static void open_pass(const qkd_kernels *kernels, qkd_search *search, size_t n, said *rest)
{
    static const int kinds[] = {PASS_NATURAL, PASS_SHUFFLED, PASS_CHOSEN};
    int kind = kinds[next(rest) % 3];
    size_t block = 1 + next(rest), blocks = (n - 1) / block + 1;
    uint64_t random[PERMUTATION_WORDS], word = next(rest);
    for (size_t i = 0; i < PERMUTATION_WORDS; i++)
        random[i] = word = word * 6364136223846793005 + 1442695040888963407;
    uint8_t *told = parities(rest, blocks - (kind == PASS_SHUFFLED));
    expect(!kernels->search_open(search, kind, random, block, told));
    free(told);
}

/* Ask until nothing is left to ask; 0 if what was said contradicts itself. */
static int ask(const qkd_kernels *kernels, qkd_search *search, size_t spare, said *rest, uint64_t *trace)
{
    uint32_t counts[MAX_PASSES];
    const uint8_t *cuts;
    for (ptrdiff_t wanted; (wanted = kernels->search_choose(search, spare, counts, &cuts)) != 0;) {
        *trace = *trace * 31 + (uint64_t)wanted;
        if (wanted == -CONTRADICTION)
            return 0;
        expect(wanted > 0);
        uint8_t *told = parities(rest, (size_t)wanted);
        expect(!kernels->search_take(search, told));
        free(told);
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    size_t n_words = 1 + data[0] % MOST_WORDS, n_bytes = 8 * n_words;
    uint8_t *key = room(n_bytes), *first = NULL;
    uint64_t first_trace = 0;
    memset(key, data[2], n_bytes);
    for (int level = 0; level < LEVELS; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        said rest = {data + 3, data + size};
        uint64_t trace = 0;
        qkd_search *search = kernels->search_new(key, n_words);
        expect(search != NULL);
        int sound = 1;
        for (int pass = 0; sound && pass < MOST_PASSES; pass++) {
            open_pass(kernels, search, 64 * n_words, &rest);
            sound = ask(kernels, search, data[1] * (size_t)4, &rest, &trace);
        }
        uint8_t *found = room(n_bytes);
        kernels->search_key(search, found);
        kernels->search_free(search);
        if (!first) {
            first = copied(found, n_bytes);
            first_trace = trace;
        }
        expect(trace == first_trace && !memcmp(found, first, n_bytes));
        free(found);
    }
    free(first);
    free(key);
    return 0;
}

/* Cascade: both parties. */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"

/* One pass of Cascade, both parties' part: all errors are found. */
static void find_errors(const qkd_kernels *kernels, const char *level, size_t words, const uint8_t *alice,
                        const uint8_t *bob, size_t block, size_t spare)
{
    size_t n = 64 * words, blocks = (n - 1) / block + 1;
    unsigned width = 64 - (unsigned)__builtin_clzll(n - 1);
    uint32_t counts[MAX_PASSES];
    const uint8_t *cuts;
    uint8_t *prefix = room(n / 8), *told = room(n / 8), *found = room(n / 8), *ends = room((blocks + 7) / 8);
    memset(told, 0, n / 8);
    kernels->prefix_parity(alice, n, prefix);
    const uint8_t *prefixes[] = {prefix};
    uint8_t *tolds[] = {told};
    uint64_t none = 0;
    qkd_search *search = kernels->search_new(bob, words);
    kernels->cascade_tell_ends(prefix, told, n, block, blocks, ends);
    expect(search && !kernels->search_open(search, PASS_NATURAL, &none, block, ends), "search_open", level, n);
    for (ptrdiff_t wanted; (wanted = kernels->search_choose(search, spare, counts, &cuts)) != 0;) {
        expect(wanted > 0 && (size_t)wanted < n, "search_choose", level, n);
        size_t n_bytes = ((size_t)wanted * width + 7) / 8;
        uint8_t *answer = room(((size_t)wanted + 7) / 8), *repeated = room(((size_t)wanted + 7) / 8);
        int fault = kernels->cascade_tell(prefixes, tolds, n, counts, 1, cuts, n_bytes, answer);
        expect(!fault, "cascade_tell", level, n);
        fault = kernels->cascade_tell(prefixes, tolds, n, counts, 1, cuts, n_bytes, repeated);
        expect(fault == CUT_REPEATED, "cascade_tell", level, n);
        expect(!kernels->search_take(search, answer), "search_take", level, n);
        free(answer), free(repeated);
    }
    kernels->search_key(search, found);
    expect(!memcmp(alice, found, n / 8), "search_key", level, n);
    kernels->search_free(search);
    free(prefix), free(told), free(found), free(ends);
}

/* One error in one block. */
void try_cascade(const qkd_kernels *kernels, const char *level)
{
    size_t words = 1 + below(20), n = 64 * words, wrong = below(n);
    uint8_t *alice = random_bits(n), *bob = room(n / 8);
    memcpy(bob, alice, n / 8);
    bob[wrong / 8] ^= (uint8_t)(1 << wrong % 8);
    find_errors(kernels, level, words, alice, bob, n, below(20));
    free(alice), free(bob);
}

/* Every bit is wrong: of blocks of three, cut twice at once, each piece is odd. */
void try_cascade_all_wrong(const qkd_kernels *kernels, const char *level)
{
    size_t words = 3 + 3 * below(7), n = 64 * words;
    uint8_t *alice = random_bits(n), *bob = room(n / 8);
    for (size_t i = 0; i < n / 8; i++)
        bob[i] = (uint8_t)~alice[i];
    find_errors(kernels, level, words, alice, bob, 3, n / 3);
    free(alice), free(bob);
}

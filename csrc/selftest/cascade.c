/* Cascade: both parties. */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"

/* One pass of Cascade over a key with one error, both parties' part: it is found. */
void try_cascade(const qkd_kernels *kernels, const char *level)
{
    size_t words = 1 + below(20), n = 64 * words, wrong = below(n);
    uint32_t counts[MAX_PASSES];
    const uint8_t *cuts;
    uint8_t *alice = random_bits(n), *bob = room(n / 8), *prefix = room(n / 8), *told = room(n / 8);
    uint8_t *answer = room(2); /* to 15 cuts, which halve an interval 4 times */
    memcpy(bob, alice, n / 8);
    bob[wrong / 8] ^= (uint8_t)(1 << wrong % 8);
    memset(told, 0, n / 8);
    kernels->prefix_parity(alice, n, prefix);
    const uint8_t *prefixes[] = {prefix};
    uint8_t *tolds[] = {told};
    uint64_t none = 0;
    qkd_search *search = kernels->search_new(bob, words);
    kernels->cascade_tell_ends(prefix, told, n, n, 1, answer);
    expect(search && !kernels->search_open(search, PASS_NATURAL, &none, n, answer), "search_open", level, n);
    for (ptrdiff_t wanted; (wanted = kernels->search_choose(search, below(20), counts, &cuts)) != 0;) {
        expect(wanted > 0 && wanted <= 15, "search_choose", level, n);
        unsigned width = 64 - (unsigned)__builtin_clzll(n - 1);
        size_t n_bytes = ((size_t)wanted * width + 7) / 8;
        int fault = kernels->cascade_tell(prefixes, tolds, n, counts, 1, cuts, n_bytes, answer);
        expect(!fault, "cascade_tell", level, n);
        uint8_t repeated[2];
        fault = kernels->cascade_tell(prefixes, tolds, n, counts, 1, cuts, n_bytes, repeated);
        expect(fault == CUT_REPEATED, "cascade_tell", level, n);
        expect(!kernels->search_take(search, answer), "search_take", level, n);
    }
    kernels->search_key(search, bob);
    expect(!memcmp(alice, bob, n / 8), "search_key", level, n);
    kernels->search_free(search);
    free(alice);
    free(bob);
    free(prefix);
    free(told);
    free(answer);
}

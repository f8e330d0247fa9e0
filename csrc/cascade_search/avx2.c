#include "cascade_search/cascade_search.h"

#include "isa.h"
#include "permute/permute.h"
#include "prefix_parity/prefix_parity.h"

#define TARGET TARGET_AVX2

#include "cascade_search/view.inc.h"

#include "cascade_search/search.inc.h"

#include "cascade_search/fresh.inc.h"

#include "cascade_search/rounds.inc.h"

TARGET_AVX2 qkd_search *search_new_avx2(const uint8_t *key, size_t n_words)
{
    return new_search(key, n_words);
}

TARGET_AVX2 void search_free_avx2(qkd_search *search)
{
    free_search(search);
}

TARGET_AVX2 int search_open_avx2(qkd_search *search, int kind, const uint64_t *random, size_t block_places,
                                 const uint8_t *parities)
{
    return open_pass(search, kind, random, block_places, parities, &(helpers){permute_avx2, prefix_parity_avx2});
}

TARGET_AVX2 ptrdiff_t search_choose_avx2(qkd_search *search, size_t spare, uint32_t *counts, const uint8_t **cuts)
{
    return choose_cuts(search, spare, counts, cuts);
}

TARGET_AVX2 int search_take_avx2(qkd_search *search, const uint8_t *parities)
{
    return use_parities(search, parities);
}

TARGET_AVX2 void search_key_avx2(const qkd_search *search, uint8_t *key)
{
    memcpy(key, search->key, 8 * (size_t)search->n_words);
}

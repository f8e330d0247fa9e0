#include "cascade_search/cascade_search.h"

#include "permute/permute.h"
#include "prefix_parity/prefix_parity.h"

#define TARGET

#include "cascade_search/view.inc.h"

#include "cascade_search/search.inc.h"

#include "cascade_search/fresh.inc.h"

#include "cascade_search/rounds.inc.h"

qkd_search *search_new_scalar(const uint8_t *key, size_t n_words)
{
    return new_search(key, n_words);
}

void search_free_scalar(qkd_search *search)
{
    free_search(search);
}

int search_open_scalar(qkd_search *search, int kind, const uint64_t *random, size_t block_places,
                       const uint8_t *parities)
{
    return open_pass(search, kind, random, block_places, parities, &(helpers){permute_scalar, prefix_parity_scalar});
}

ptrdiff_t search_choose_scalar(qkd_search *search, size_t spare, uint32_t *counts, const uint8_t **cuts)
{
    return choose_cuts(search, spare, counts, cuts);
}

int search_take_scalar(qkd_search *search, const uint8_t *parities)
{
    return use_parities(search, parities);
}

void search_key_scalar(const qkd_search *search, uint8_t *key)
{
    memcpy(key, search->key, 8 * (size_t)search->n_words);
}

#pragma once
#include "kernels.h"

qkd_search *search_new_scalar(const uint8_t *key, size_t n_words);
void search_free_scalar(qkd_search *search);
int search_open_scalar(qkd_search *search, int kind, const uint64_t *random, size_t block_places,
                       const uint8_t *parities);
ptrdiff_t search_choose_scalar(qkd_search *search, size_t spare, uint32_t *counts, const uint8_t **cuts);
int search_take_scalar(qkd_search *search, const uint8_t *parities);
void search_key_scalar(const qkd_search *search, uint8_t *key);

qkd_search *search_new_avx2(const uint8_t *key, size_t n_words);
void search_free_avx2(qkd_search *search);
int search_open_avx2(qkd_search *search, int kind, const uint64_t *random, size_t block_places,
                     const uint8_t *parities);
ptrdiff_t search_choose_avx2(qkd_search *search, size_t spare, uint32_t *counts, const uint8_t **cuts);
int search_take_avx2(qkd_search *search, const uint8_t *parities);
void search_key_avx2(const qkd_search *search, uint8_t *key);

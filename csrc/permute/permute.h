#pragma once
#include <stddef.h>
#include <stdint.h>

int permute_scalar(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to);
int permute_avx2(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to);
int permute_avx512(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to);

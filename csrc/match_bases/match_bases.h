#pragma once
#include <stddef.h>
#include <stdint.h>

size_t match_bases_scalar(const uint8_t *states, const uint32_t *slot, const uint8_t *basis, size_t n,
                          uint8_t *match, uint8_t *kept);

#pragma once
#include <stddef.h>
#include <stdint.h>

int cascade_tell_scalar(const uint8_t *const *prefix, uint8_t *const *told, size_t n_places,
                        const uint32_t *counts, size_t n_passes, const uint8_t *cuts, size_t n_bytes,
                        uint8_t *parities);
void cascade_tell_ends_scalar(const uint8_t *prefix, uint8_t *told, size_t n_places, size_t block, size_t n,
                              uint8_t *parities);

#pragma once
#include <stddef.h>
#include <stdint.h>

int cascade_tell_scalar(const uint8_t *const *prefix, uint8_t *const *told, size_t n_places,
                        const uint32_t *counts, size_t n_passes, const uint32_t *cuts, size_t n_cuts,
                        uint8_t *parities);

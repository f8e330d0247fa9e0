/* What the fuzz targets share: any bytes go to a kernel at every level of this CPU, in memory of exactly the size that
 * the kernel is told, and all levels must agree.
 *
 * Build a target with clang -g -O1 -fsanitize=fuzzer,address,undefined and all variants of the kernels; run it with
 * its folder of the corpus. tests/kernels/test_fuzz.py does both. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

enum { LEVELS = 16 };

static inline void *room(size_t n_bytes)
{
    void *memory = malloc(n_bytes ? n_bytes : 1);
    if (!memory)
        abort();
    memset(memory, 0, n_bytes);
    return memory;
}

static inline void *copied(const void *bytes, size_t n_bytes)
{
    void *copy = room(n_bytes);
    memcpy(copy, bytes, n_bytes);
    return copy;
}

static inline void expect(int truth)
{
    if (!truth)
        abort();
}

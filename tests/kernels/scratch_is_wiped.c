/* At the moment scratch memory is given back, nothing of the key may be left in it.
 * Linked with --wrap=free, so that every free() in the kernels comes here first. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

void __real_free(void *memory);
void __wrap_free(void *memory);

static unsigned freed, left;

void __wrap_free(void *memory)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; memory && i < malloc_usable_size(memory); i++)
        left |= bytes[i];
    freed++;
    __real_free(memory);
}

/* Large enough for the allocator to map fresh pages, so that no older contents lie in the slack. */
enum { LONGEST = 1 << 21 };

static const struct {
    const char *method;
    size_t key_bits, out_bits;
} CASES[] = {{"Karatsuba", LONGEST, 1 << 10}, {"transform", LONGEST, LONGEST}, {"transform", 100003, 30001}};

static uint8_t *filled(size_t n_bytes, uint8_t value)
{
    uint8_t *bytes = malloc(n_bytes);
    return memset(bytes, value, n_bytes);
}

int main(void)
{
    uint8_t *key = filled(LONGEST / 8, 0x25), *seed = filled(LONGEST / 4, 0x5a), *out = filled(LONGEST / 8, 0);
    for (int level = LEVEL_SCALAR; level <= LEVEL_AVX512; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        for (size_t i = 0; kernels && i < sizeof CASES / sizeof *CASES; i++) {
            freed = left = 0;
            if (kernels->toeplitz_hash(key, CASES[i].key_bits, seed, CASES[i].out_bits, out) || !freed || left) {
                fprintf(stderr, "%s at level %d: %u pieces freed, bytes left %#x\n", CASES[i].method, level, freed,
                        left);
                return 1;
            }
        }
    }
    return 0;
}

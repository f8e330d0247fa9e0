/* What all trials use. */
#include <stdio.h>
#include <stdlib.h>

#include "selftest/selftest.h"
#include "words.h"

static uint64_t state;

void seed(uint64_t first)
{
    state = first;
}

uint64_t random_word(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15; /* splitmix64, S. Vigna */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

size_t below(size_t limit)
{
    return random_word() % limit;
}

void *room(size_t n_bytes)
{
    void *memory = malloc(n_bytes ? n_bytes : 1);
    if (!memory)
        abort();
    return memory;
}

uint8_t *random_bits(size_t n_bits)
{
    uint8_t *bits = room(bytes_for(n_bits));
    for (size_t i = 0; i < bytes_for(n_bits); i++)
        bits[i] = (uint8_t)random_word();
    clear_unused(bits, n_bits);
    return bits;
}

void expect(int truth, const char *kernel, const char *level, size_t size)
{
    if (truth)
        return;
    fprintf(stderr, "%s at level %s is wrong at size %zu\n", kernel, level, size);
    exit(1);
}

/* Usage: selftest [rounds] [seed] */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "selftest/selftest.h"

static const char *const LEVELS[] = {"scalar", "avx2", "avx2gfni", "avx512"};

/* How many rounds lie from one trial to the next: long ones come less often, and the longest once. */
static const struct {
    trial *run;
    long every;
} TRIALS[] = {
    {try_ascending, 1},       {try_cascade, 1},         {try_cascade_all_wrong, 1},   {try_coincidences, 1},
    {try_correlate, 1},       {try_decode_t2, 1},       {try_first_disorder, 1},      {try_gate_slots, 1},
    {try_health_counts, 1},   {try_ldpc_decode, 1},     {try_ldpc_syndrome, 1},       {try_match_bases, 1},
    {try_pack_tags, 1},       {try_permute, 1},         {try_popcount, 1},            {try_prefix_parity, 1},
    {try_slide_states, 1},    {try_slide_most, 50},     {try_toeplitz_hash, 1},       {try_toeplitz_transform, 50},
    {try_toeplitz_blocks, LONG_MAX},
};

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 200;
    seed(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    for (int level = LEVEL_SCALAR; level <= LEVEL_AVX512; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        for (long round = 0; round < rounds; round++)
            for (size_t i = 0; i < sizeof TRIALS / sizeof *TRIALS; i++)
                if (round % TRIALS[i].every == 0)
                    TRIALS[i].run(kernels, LEVELS[level]);
        printf("%s: %ld rounds agree\n", LEVELS[level], rounds);
    }
    return 0;
}

/* Two ascending streams out of steps of any size; the first bytes say the window and how the tags are shared out. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    size_t n = size - 3, n_of[2] = {0, 0};
    uint64_t window = (uint64_t)data[0] << (data[1] & 31);
    int64_t *times[2] = {room(n * sizeof(int64_t)), room(n * sizeof(int64_t))}, now = -(INT64_C(1) << 61);
    for (size_t i = 0; i < n; i++) {
        now += (int64_t)(data[3 + i] >> 1) << (data[2] & 31);
        int whose = data[3 + i] & 1;
        times[whose][n_of[whose]++] = now;
    }
    int64_t *a = copied(times[0], n_of[0] * sizeof *a), *b = copied(times[1], n_of[1] * sizeof *b);
    size_t least = n_of[0] < n_of[1] ? n_of[0] : n_of[1], first_pairs = 0;
    uint32_t *first = NULL;
    for (int level = 0; level < LEVELS; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        uint32_t *index_a = room(least * sizeof *index_a), *index_b = room(least * sizeof *index_b);
        size_t pairs = kernels->coincidences(a, n_of[0], b, n_of[1], window, index_a, index_b);
        if (!first) {
            first = copied(index_a, pairs * sizeof *index_a);
            first_pairs = pairs;
        }
        expect(pairs == first_pairs && !memcmp(index_a, first, pairs * sizeof *index_a));
        for (size_t i = 0; i < pairs; i++) {
            int64_t later = b[index_b[i]] - a[index_a[i]];
            expect((uint64_t)(later < 0 ? -later : later) <= window);
        }
        free(index_a);
        free(index_b);
    }
    free(first);
    free(a);
    free(b);
    free(times[0]);
    free(times[1]);
    return 0;
}

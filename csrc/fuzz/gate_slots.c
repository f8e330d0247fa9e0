/* Clicks out of steps of any size, gated to slots of any period. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    size_t n = size - 4, first_kept = 0;
    double period = 0.5 + data[0] + 256.0 * data[1], half_gate = data[2] * period / 300;
    int64_t *times = room(n * sizeof *times), now = -1000;
    for (size_t i = 0; i < n; i++)
        times[i] = now += (int64_t)data[4 + i] << (data[3] & 31);
    uint32_t *first = NULL;
    uint64_t first_inside = 0;
    for (int level = 0; level < LEVELS; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        uint32_t *slot = room(n * sizeof *slot), *index = room(n * sizeof *index);
        double *beyond = room(n * sizeof *beyond);
        uint64_t inside = 0;
        size_t kept = kernels->gate_slots(times, n, 7, 0.25, period, half_gate, 5000, slot, index, beyond, &inside);
        if (!first) {
            first = copied(slot, kept * sizeof *slot);
            first_kept = kept;
            first_inside = inside;
        }
        expect(kept <= n && kept == first_kept && inside == first_inside);
        expect(!memcmp(slot, first, kept * sizeof *slot));
        for (size_t i = 0; i < kept; i++)
            expect(slot[i] < 5000 && index[i] < n && (!i || slot[i] > slot[i - 1]));
        free(slot);
        free(index);
        free(beyond);
    }
    free(first);
    free(times);
    return 0;
}

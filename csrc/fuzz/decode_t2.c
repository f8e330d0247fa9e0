/* Any records, of either kind of wrap; the first byte says which, and how long a tick is. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    size_t n = (size - 1) / sizeof(uint32_t);
    int counted = data[0] & 1;
    uint64_t tick = 1 + (data[0] >> 1), wrap = counted ? 1 << 25 : 33552000, first_wraps = 0;
    uint32_t *records = copied(data + 1, n * sizeof *records);
    int64_t *first = NULL;
    size_t first_tags = 0;
    for (int level = 0; level < LEVELS; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        int64_t *time = room(n * sizeof *time);
        uint8_t *channel = room(n);
        uint64_t wraps = data[0];
        size_t tags = kernels->decode_t2(records, n, wrap, counted, tick, &wraps, time, channel);
        if (!first) {
            first = copied(time, tags * sizeof *time);
            first_tags = tags;
            first_wraps = wraps;
        }
        expect(tags <= n && tags == first_tags && wraps == first_wraps);
        expect(!memcmp(time, first, tags * sizeof *time));
        free(time);
        free(channel);
    }
    free(first);
    free(records);
    return 0;
}

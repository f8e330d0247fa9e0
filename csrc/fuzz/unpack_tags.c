/* Any bytes as packed tags, the first two being how many; what is unpacked is packed and unpacked again. */
#include "fuzz/fuzz.h"

static void pack_again(const qkd_kernels *kernels, const int64_t *time_ps, const uint8_t *channel, size_t n)
{
    uint8_t *packed = room(8 + 4612 * ((n + 511) / 512)), *channels = room(n);
    int64_t *times = room(n * sizeof *times);
    size_t size = kernels->pack_tags(time_ps, channel, n, packed);
    uint8_t *exact = copied(packed, size);
    expect(!kernels->unpack_tags(exact, size, n, times, channels));
    expect(!memcmp(times, time_ps, n * sizeof *times) && !memcmp(channels, channel, n));
    free(packed);
    free(exact);
    free(times);
    free(channels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t n = data[0] | (size_t)(data[1] & 15) << 8, n_bytes = size - 2;
    uint8_t *packed = copied(data + 2, n_bytes);
    int64_t *first = NULL;
    int first_fault = 0;
    for (int level = 0; level < LEVELS; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        int64_t *time_ps = room(n * sizeof *time_ps);
        uint8_t *channel = room(n);
        int fault = kernels->unpack_tags(packed, n_bytes, n, time_ps, channel);
        if (!first) {
            first = copied(time_ps, n * sizeof *time_ps);
            first_fault = fault;
        }
        expect(fault == first_fault && (fault || !memcmp(time_ps, first, n * sizeof *time_ps)));
        if (!fault)
            pack_again(kernels, time_ps, channel, n);
        free(time_ps);
        free(channel);
    }
    free(first);
    free(packed);
    return 0;
}

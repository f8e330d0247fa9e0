/* Unpacking, the same text for every level. Included by variants that define TARGET. */
#include "pack_tags/frame.h"

TARGET static inline void get_times(const uint8_t *in, unsigned width, uint64_t before, int64_t *time_ps)
{
    const uint64_t bits = width < 64 ? ((uint64_t)1 << width) - 1 : ~(uint64_t)0;
    const row mask = {bits, bits, bits, bits, bits, bits, bits, bits}, none = {0};
    row word = {0}, next = {0}, sum = none + before;
    unsigned left = 0;
    for (int r = 0; r < ROWS; r++) {
        row step = word;
        if (left < width) {
            next = *(const row_in_memory *)in;
            in += ROW_BYTES;
            step |= next << left;
            word = width - left < 64 ? next >> (width - left) : none;
            left += 64 - width;
        } else {
            word >>= width;
            left -= width;
        }
        step &= mask;
        /* Sums along the row, then on from the last tag of the row before. */
        step += __builtin_shufflevector(step, none, 8, 0, 1, 2, 3, 4, 5, 6);
        step += __builtin_shufflevector(step, none, 8, 8, 0, 1, 2, 3, 4, 5);
        step += __builtin_shufflevector(step, none, 8, 8, 8, 8, 0, 1, 2, 3);
        sum = step + __builtin_shufflevector(sum, sum, 7, 7, 7, 7, 7, 7, 7, 7);
        *(row_in_memory *)(time_ps + COLUMNS * r) = sum;
    }
}

TARGET static inline void get_channels(const uint8_t *in, uint8_t lowest, unsigned planes, uint8_t *channel)
{
    for (int i = 0; i < FRAME_TAGS; i += 8) {
        uint64_t bytes = lowest * 0x0101010101010101u;
        for (unsigned place = 0; place < planes; place++)
            bytes += scatter_bits(in[place * ROW_BYTES + (unsigned)i / 8]) << place;
        memcpy(channel + i, &bytes, sizeof bytes);
    }
}

/* A frame that is not full, unpacked aside. */
TARGET static inline void get_part(const uint8_t *in, unsigned width, uint64_t before, uint8_t lowest,
                                   unsigned planes, size_t n, int64_t *time_ps, uint8_t *channel)
{
    int64_t times[FRAME_TAGS];
    uint8_t channels[FRAME_TAGS];
    get_times(in, width, before, times);
    get_channels(in + width * ROW_BYTES, lowest, planes, channels);
    memcpy(time_ps, times, n * sizeof *times);
    memcpy(channel, channels, n);
}

TARGET static inline int unpack(const uint8_t *packed, size_t n_bytes, size_t n, int64_t *time_ps,
                                uint8_t *channel)
{
    const uint8_t *in = packed, *end = packed + n_bytes;
    uint64_t before = 0;
    if (!n)
        return n_bytes != 0;
    if (n_bytes < sizeof before)
        return 1;
    memcpy(&before, in, sizeof before);
    in += sizeof before;
    for (size_t i = 0; i < n; i += FRAME_TAGS) {
        if (end - in < HEAD_BYTES)
            return 1;
        unsigned width = in[0], planes = in[1];
        uint8_t lowest = in[2], zero = in[3];
        in += HEAD_BYTES;
        if (width > 64 || planes > MOST_PLANES || zero || (size_t)(end - in) < ROW_BYTES * (width + planes))
            return 1;
        size_t here = n - i < FRAME_TAGS ? n - i : FRAME_TAGS;
        if (here == FRAME_TAGS) {
            get_times(in, width, before, time_ps + i);
            get_channels(in + width * ROW_BYTES, lowest, planes, channel + i);
        } else
            get_part(in, width, before, lowest, planes, here, time_ps + i, channel + i);
        in += ROW_BYTES * (width + planes);
        before = (uint64_t)time_ps[i + here - 1];
    }
    return in != end;
}

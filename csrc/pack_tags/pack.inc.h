/* Packing, the same text for every level. Included by variants that define TARGET. */
#include "pack_tags/frame.h"

/* The steps of a frame as rows; gives how many bits the largest has. */
TARGET static inline unsigned take_steps(const int64_t *time_ps, const int64_t *before, row *steps)
{
    row all = {0};
    steps[0] = *(const row_in_memory *)time_ps - *(const row_in_memory *)before;
    for (const int64_t *at = time_ps + COLUMNS; at < time_ps + FRAME_TAGS; at += COLUMNS)
        steps[(at - time_ps) / COLUMNS] = *(const row_in_memory *)at - *(const row_in_memory *)(at - 1);
    for (int r = 0; r < ROWS; r++)
        all |= steps[r];
    uint64_t any = 0;
    for (int k = 0; k < COLUMNS; k++)
        any |= all[k];
    return any ? 64 - (unsigned)__builtin_clzll(any) : 0;
}

TARGET static inline uint8_t *put_steps(const row *steps, unsigned width, uint8_t *out)
{
    row word = {0};
    unsigned filled = 0;
    for (int r = 0; r < ROWS; r++) {
        word |= steps[r] << filled;
        filled += width;
        if (filled < 64)
            continue;
        filled -= 64;
        *(row_in_memory *)out = word;
        out += ROW_BYTES;
        word = filled ? steps[r] >> (width - filled) : (row){0};
    }
    return out;
}

TARGET static inline uint8_t *put_planes(const uint8_t *channel, uint8_t lowest, unsigned planes, uint8_t *out)
{
    for (unsigned place = 0; place < planes; place++)
        for (int i = 0; i < FRAME_TAGS; i += 8) {
            uint64_t bytes;
            memcpy(&bytes, channel + i, sizeof bytes);
            *out++ = gather_bits(bytes - lowest * 0x0101010101010101u, place);
        }
    return out;
}

/* Lowest channel and number of planes. Each byte less the lowest one borrows from none. */
TARGET static inline unsigned look_at_channels(const uint8_t *channel, uint8_t *lowest)
{
    uint8_t low = 255, high = 0;
    for (int i = 0; i < FRAME_TAGS; i++) {
        low = channel[i] < low ? channel[i] : low;
        high = channel[i] > high ? channel[i] : high;
    }
    *lowest = low;
    return high > low ? 32 - (unsigned)__builtin_clz((unsigned)(high - low)) : 0;
}

TARGET static inline uint8_t *put_frame(const int64_t *time_ps, const int64_t *before, const uint8_t *channel,
                                        uint8_t *out)
{
    row steps[ROWS];
    uint8_t lowest;
    unsigned width = take_steps(time_ps, before, steps), planes = look_at_channels(channel, &lowest);
    const uint8_t head[HEAD_BYTES] = {(uint8_t)width, (uint8_t)planes, lowest, 0};
    memcpy(out, head, HEAD_BYTES);
    out = width ? put_steps(steps, width, out + HEAD_BYTES) : out + HEAD_BYTES;
    return put_planes(channel, lowest, planes, out);
}

/* Frames that are not full, and the first row of a block, are put together aside. */
TARGET static inline uint8_t *put_part(const int64_t *time_ps, int64_t before_ps, const uint8_t *channel,
                                       size_t n, uint8_t *out)
{
    int64_t times[FRAME_TAGS], first[COLUMNS];
    uint8_t channels[FRAME_TAGS];
    memcpy(times, time_ps, n * sizeof *times);
    memcpy(channels, channel, n);
    uint8_t lowest = 255;
    for (size_t i = 0; i < n; i++)
        lowest = channel[i] < lowest ? channel[i] : lowest;
    for (size_t i = n; i < FRAME_TAGS; i++) {
        times[i] = times[n - 1];
        channels[i] = lowest;
    }
    first[0] = before_ps;
    memcpy(first + 1, times, (COLUMNS - 1) * sizeof *first);
    return put_frame(times, first, channels, out);
}

TARGET static inline size_t pack(const int64_t *time_ps, const uint8_t *channel, size_t n, uint8_t *out)
{
    const uint8_t *start = out;
    if (!n)
        return 0;
    memcpy(out, time_ps, sizeof *time_ps);
    out += sizeof *time_ps;
    for (size_t i = 0; i < n; i += FRAME_TAGS) {
        if (i && n - i >= FRAME_TAGS)
            out = put_frame(time_ps + i, time_ps + i - 1, channel + i, out);
        else
            out = put_part(time_ps + i, time_ps[i ? i - 1 : 0], channel + i,
                           n - i < FRAME_TAGS ? n - i : FRAME_TAGS, out);
    }
    return (size_t)(out - start);
}

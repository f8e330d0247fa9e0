/* A T2 record: bit 31 special, bits 30-25 channel, bits 24-0 time; special 63 counts wraps of the time.
 *
 * Vector variants decode a block of records as if no wrap was among them, store all of it, and take as many
 * as stand before the first wrap: no compression, and what is stored beyond is overwritten by the next block.
 * There is always room, because no more tags than records have been passed. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { TIME_BITS = 25, TIME_MASK = (1 << TIME_BITS) - 1, WRAP_CODE = 127, SYNC_CODE = 64 };

/* Where a wrap follows so soon, the next ones probably do too. */
enum { SOON = 6, STRETCH = 64 };

typedef struct {
    const uint32_t *records;
    size_t n, i, tags;
    uint64_t step, wraps; /* ticks of a wrap, in units of the output; wraps so far */
    int counted;
    uint64_t tick;
} t2_state;

static inline t2_state t2_begin(const uint32_t *records, size_t n, uint64_t wrap, int counted, uint64_t tick,
                                uint64_t wraps)
{
    return (t2_state){records, n, 0, 0, wrap * tick, wraps, counted, tick};
}

/* Normal records: input k is channel k + 1. Special ones: the sync input is 0, markers are 128 and their bits. */
static inline uint8_t t2_channel(uint32_t code)
{
    return (uint8_t)(code < SYNC_CODE ? code + 1 : code == SYNC_CODE ? 0 : code + 64);
}

static inline uint64_t t2_wraps_in(const t2_state *at, uint32_t record)
{
    uint64_t count = record & TIME_MASK;
    return at->counted && count ? count : 1;
}

static inline void t2_until(t2_state *at, size_t stop, int64_t *time, uint8_t *channel)
{
    for (; at->i < stop; at->i++) {
        uint32_t record = at->records[at->i], code = record >> TIME_BITS;
        int wraps = code == WRAP_CODE;
        time[at->tags] = (int64_t)(at->wraps * at->step + (record & TIME_MASK) * at->tick);
        channel[at->tags] = t2_channel(code);
        at->wraps += wraps ? t2_wraps_in(at, record) : 0;
        at->tags += !wraps;
    }
}

/* Take the records of a block that was stored, up to and with the wrap at place `first`. */
static inline void t2_take_until_wrap(t2_state *at, size_t first, int64_t *time, uint8_t *channel)
{
    at->wraps += t2_wraps_in(at, at->records[at->i + first]);
    at->tags += first;
    at->i += first + 1;
    if (first < SOON)
        t2_until(at, at->n - at->i < STRETCH ? at->n : at->i + STRETCH, time, channel);
}

static inline size_t t2_end(t2_state *at, uint64_t *wraps, int64_t *time, uint8_t *channel)
{
    t2_until(at, at->n, time, channel);
    *wraps = at->wraps;
    return at->tags;
}

#include "decode_t2/decode_t2.h"
#include "decode_t2/record.h"

size_t decode_t2_scalar(const uint32_t *records, size_t n, uint64_t wrap, int counted, uint64_t tick,
                        uint64_t *wraps, int64_t *time, uint8_t *channel)
{
    t2_state at = t2_begin(records, n, wrap, counted, tick, *wraps);
    return t2_end(&at, wraps, time, channel);
}

#include "unpack_tags/unpack_tags.h"

#include "isa.h"

#define TARGET

#include "unpack_tags/unpack.inc.h"

int unpack_tags_scalar(const uint8_t *packed, size_t n_bytes, size_t n, int64_t *time_ps, uint8_t *channel)
{
    return unpack(packed, n_bytes, n, time_ps, channel);
}

#include "unpack_tags/unpack_tags.h"

#include "isa.h"

#define TARGET TARGET_AVX512

#include "unpack_tags/unpack.inc.h"

TARGET int unpack_tags_avx512(const uint8_t *packed, size_t n_bytes, size_t n, int64_t *time_ps, uint8_t *channel)
{
    return unpack(packed, n_bytes, n, time_ps, channel);
}

#include "pack_tags/pack_tags.h"

#include "isa.h"

#define TARGET TARGET_AVX512

#include "pack_tags/pack.inc.h"

TARGET size_t pack_tags_avx512(const int64_t *time_ps, const uint8_t *channel, size_t n, uint8_t *out)
{
    return pack(time_ps, channel, n, out);
}

#include "slide_states/slide_states.h"

#include <string.h>

#define TARGET
#define LANE_WORDS 1

typedef uint64_t lanes __attribute__((vector_size(8)));

TARGET static inline lanes window(const uint8_t *plane, size_t bit)
{
    uint64_t low, high;
    memcpy(&low, plane + bit / 8, 8);
    memcpy(&high, plane + bit / 8 + 8, 8);
    return (lanes){low >> bit % 8 | high << 1 << (63 - bit % 8)};
}

TARGET static inline lanes sum3(lanes a, lanes b, lanes c)
{
    return a ^ b ^ c;
}

TARGET static inline lanes carry3(lanes a, lanes b, lanes c)
{
    return (a & b) | ((a ^ b) & c);
}

TARGET static inline int any(lanes a)
{
    return a[0] != 0;
}

#include "slide_states/tiles.inc.h"

size_t slide_states_scalar(const uint8_t *planes, size_t plane_bytes, size_t n_states, const int64_t *slot,
                           const uint8_t *outcome, size_t n, int64_t first_lag, size_t n_lags, size_t n_best,
                           int32_t *score, int64_t *lag)
{
    best_lags best = {score, lag, 0, n_best};
    return slide_by_tiles(&(slide){planes, plane_bytes, slot, outcome}, n_states, n, first_lag, n_lags, &best);
}

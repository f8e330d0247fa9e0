/* The greedy merge of two ascending streams, resumable between any two steps, and what is wrong with others. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t a, b, pairs; /* the earliest tags not yet passed, and the pairs found so far */
} merge_state;

/* Run until one stream reaches its stop. Branch-free: which tag is earlier is a coin toss to a predictor.
 * Differences are taken modulo 2^64 in the direction in which they are positive, so none can overflow.
 * Writing every candidate and advancing over the true ones needs no spare room: with p pairs so far,
 * p <= a < stop_a and p <= b < stop_b. */
static inline merge_state merge_until(merge_state at, size_t stop_a, size_t stop_b, const int64_t *a_ps,
                                      const int64_t *b_ps, uint64_t window_ps, uint32_t *index_a,
                                      uint32_t *index_b)
{
    while (at.a < stop_a && at.b < stop_b) {
        int64_t a = a_ps[at.a], b = b_ps[at.b];
        int b_first = b < a;
        uint64_t apart = b_first ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
        int paired = apart <= window_ps;
        index_a[at.pairs] = (uint32_t)at.a;
        index_b[at.pairs] = (uint32_t)at.b;
        at.pairs += (size_t)paired;
        at.a += (size_t)(paired | !b_first);
        at.b += (size_t)(paired | b_first);
    }
    return at;
}

/* Instead of a number of pairs. */
static const size_t DISORDER = SIZE_MAX;

static inline int any_disorder(const int64_t *time_ps, size_t first, size_t end)
{
    int found = 0;
    for (size_t k = first + 1; k < end; k++)
        found |= time_ps[k] < time_ps[k - 1];
    return found;
}

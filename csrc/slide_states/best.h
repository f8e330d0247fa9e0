/* The best lags so far, as a heap whose root is the worst of them: the lowest score, and of equal ones the
 * latest lag. Lags are offered in ascending order, so an equal score never takes another's place. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int32_t *score;
    int64_t *lag;
    size_t n, room;
} best_lags;

static inline int is_worse(const best_lags *best, size_t i, size_t j)
{
    return best->score[i] != best->score[j] ? best->score[i] < best->score[j] : best->lag[i] > best->lag[j];
}

static inline void swap_lags(best_lags *best, size_t i, size_t j)
{
    int32_t score = best->score[i];
    int64_t lag = best->lag[i];
    best->score[i] = best->score[j];
    best->lag[i] = best->lag[j];
    best->score[j] = score;
    best->lag[j] = lag;
}

static inline void sink(best_lags *best, size_t at, size_t n)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && is_worse(best, child + 1, child);
        if (!is_worse(best, child, at))
            return;
        swap_lags(best, child, at);
    }
}

/* Scores must be above this to be taken. */
static inline int32_t bar(const best_lags *best)
{
    return best->n < best->room ? INT32_MIN : best->score[0];
}

static inline void offer(best_lags *best, int32_t score, int64_t lag)
{
    if (score <= bar(best))
        return;
    if (best->n == best->room) {
        best->score[0] = score;
        best->lag[0] = lag;
        sink(best, 0, best->n);
        return;
    }
    size_t at = best->n++;
    best->score[at] = score;
    best->lag[at] = lag;
    for (size_t parent; at && is_worse(best, at, parent = (at - 1) / 2); at = parent)
        swap_lags(best, at, parent);
}

/* Best first; the heap is none any more. */
static inline size_t sort_lags(best_lags *best)
{
    for (size_t left = best->n; left > 1;) {
        swap_lags(best, 0, --left);
        sink(best, 0, left);
    }
    return best->n;
}

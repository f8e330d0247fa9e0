/* Detections in slots, and the states that were prepared there. */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"

/* The best lags from `first` on, one after another, against scores added up one by one. Detections begin in slot
 * `begin` and are less than `step` apart. */
static void slide(const qkd_kernels *kernels, const char *level, size_t n, int64_t begin, size_t step,
                  size_t n_states, int64_t first, size_t n_lags)
{
    size_t n_best = 1 + below(20), room_best = n_best < n_lags ? n_best : n_lags;
    size_t plane = (n_states + 7) / 8 + 2 * SLIDE_MARGIN;
    int64_t *slot = room(n * sizeof *slot), *lag = room(room_best * sizeof *lag);
    int32_t *score = room(room_best * sizeof *score), *expected = room(n_lags * sizeof *expected);
    uint8_t *outcome = room(n), *planes = room(4 * plane), *state = room(n_states);
    memset(planes, 0, 4 * plane);
    for (size_t i = 0; i < n_states; i++) {
        state[i] = (uint8_t)below(4);
        planes[state[i] * plane + SLIDE_MARGIN + i / 8] |= (uint8_t)(1 << i % 8);
    }
    for (size_t k = 0; k < n; k++) {
        slot[k] = (k ? slot[k - 1] : begin) + (int64_t)below(step);
        outcome[k] = (uint8_t)below(4);
    }
    for (size_t d = 0; d < n_lags; d++) {
        expected[d] = 0;
        for (size_t k = 0; k < n; k++) {
            int64_t met = slot[k] + first + (int64_t)d;
            if (met >= 0 && met < (int64_t)n_states && (state[met] & 1) == (outcome[k] & 1))
                expected[d] += state[met] == outcome[k] ? 1 : -1;
        }
    }
    size_t found = kernels->slide_states(planes, plane, n_states, slot, outcome, n, first, n_lags, n_best, score, lag);
    expect(found == room_best, "slide_states", level, n);
    for (size_t i = 0; i < found; i++) {
        size_t best = 0;
        for (size_t d = 1; d < n_lags; d++)
            best = expected[d] > expected[best] ? d : best;
        expect(score[i] == expected[best] && lag[i] == first + (int64_t)best, "slide_states", level, n);
        expected[best] = INT32_MIN;
    }
    free(slot), free(lag), free(score), free(expected), free(outcome), free(planes), free(state);
}

void try_slide_states(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(60), n_states = below(900), n_lags = 1 + below(1500);
    slide(kernels, level, n, -300, 30, n_states, -(int64_t)below(1500), n_lags);
}

/* As many detections as may be, all of which meet states: every counter is full. */
void try_slide_most(const qkd_kernels *kernels, const char *level)
{
    slide(kernels, level, (1 << 15) - 1, 0, 2, 1 << 15, 0, 1 + below(40));
}

void try_match_bases(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(300), n_states = 1 + below(500), found = 0;
    uint8_t *states = random_bits(8 * n_states), *basis = random_bits(n), *match = random_bits(n), *kept = room(n);
    uint32_t *slot = room(n * sizeof *slot);
    for (size_t i = 0; i < n; i++)
        slot[i] = (uint32_t)below(n_states);
    size_t matches = kernels->match_bases(states, slot, basis, n, match, kept);
    for (size_t i = 0; i < n; i++) {
        unsigned same = (states[slot[i]] & 1) == bit(basis, i);
        expect(bit(match, i) == same, "match_bases", level, n);
        if (same)
            expect(found++ < matches && kept[found - 1] == states[slot[i]], "match_bases", level, n);
    }
    expect(found == matches, "match_bases", level, n);
    free(states), free(basis), free(match), free(kept), free(slot);
}

/* In whole numbers, which doubles hold exactly; an odd period leaves no time between two slots. */
void try_gate_slots(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(300), kept = 0;
    int64_t period = 1 + 2 * (int64_t)below(500), half = (int64_t)below((size_t)(period + 1) / 2);
    int64_t start = (int64_t)below(10000), centre = (int64_t)below((size_t)period), last = -1;
    uint32_t n_slots = (uint32_t)below(300), *slot = room(n * sizeof *slot), *index = room(n * sizeof *index);
    int64_t *time = room(n * sizeof *time), now = start - 50 * period;
    double *beyond = room(n * sizeof *beyond);
    uint64_t inside = 0, expected = 0;
    for (size_t i = 0; i < n; i++)
        time[i] = now += (int64_t)below(2 * (size_t)period);
    size_t found = kernels->gate_slots(time, n, start, (double)centre, (double)period, (double)half, n_slots, slot,
                                       index, beyond, &inside);
    for (size_t i = 0; i < n; i++) {
        int64_t ahead = time[i] - start - centre + period / 2; /* of the least time of slot 0 */
        int64_t place = ahead / period - (ahead % period < 0), behind = ahead - place * period - period / 2;
        if (behind > half || behind < -half)
            continue;
        expected++;
        if (place < 0 || place >= n_slots || place == last)
            continue;
        last = place;
        int same = kept < found && slot[kept] == place && index[kept] == i && beyond[kept] == (double)behind;
        expect(same, "gate_slots", level, n);
        kept++;
    }
    expect(kept == found && inside == expected, "gate_slots", level, n);
    free(slot), free(index), free(time), free(beyond);
}

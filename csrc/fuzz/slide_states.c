/* Detections and states out of any bytes, slid along each other; all levels give the same lags. */
#include "fuzz/fuzz.h"

enum { BEST = 9 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    size_t n_states = (size_t)(data[0] | data[1] << 8) % 3000, n = size - 8, n_lags = BEST + (data[2] | data[3] << 8) % 5000;
    size_t plane = (n_states + 7) / 8 + 2 * SLIDE_MARGIN;
    int64_t first = -(int64_t)(data[4] | data[5] << 8), now = (int64_t)data[6] * 16 - 1000;
    uint8_t *planes = room(4 * plane), *outcome = room(n);
    int64_t *slot = room(n * sizeof *slot), first_lag[BEST];
    for (size_t i = 0; i < n_states; i++)
        planes[(data[i % size] >> i % 7 & 3) * plane + SLIDE_MARGIN + i / 8] |= (uint8_t)(1 << i % 8);
    for (size_t k = 0; k < n; k++) {
        slot[k] = now += data[8 + k] >> 2 << (data[7] & 7);
        outcome[k] = data[8 + k] & 3;
    }
    int seen = 0;
    for (int level = 0; level < LEVELS; level++) {
        const qkd_kernels *kernels = qkd_kernels_at(level);
        if (!kernels)
            continue;
        int32_t score[BEST];
        int64_t lag[BEST];
        size_t found = kernels->slide_states(planes, plane, n_states, slot, outcome, n, first, n_lags, BEST, score, lag);
        expect(found == BEST);
        for (size_t i = 1; i < BEST; i++)
            expect(score[i] < score[i - 1] || (score[i] == score[i - 1] && lag[i] > lag[i - 1]));
        expect(!seen || !memcmp(lag, first_lag, sizeof lag));
        memcpy(first_lag, lag, sizeof lag);
        seen = 1;
    }
    free(planes);
    free(outcome);
    free(slot);
    return 0;
}

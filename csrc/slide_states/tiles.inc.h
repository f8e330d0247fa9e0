/* Scores of as many lags at once as a register has bits, in carry-save counters.
 *
 * A detection that meets a state of its own basis and bit counts 2, of its basis only 0, and any other 1: two bits
 * to add, one from the plane of its outcome and one, inverted, from that of the opposite bit. Eight detections
 * make one carry of weight 16; from there on carries wait in pairs, so that adding stays cheap. Outside of the
 * states all planes are zero: those count 1 as well, which is taken off all together.
 *
 * Included by variants that define TARGET, the register type `lanes`, LANE_WORDS (64-bit words in it), and
 *     window(plane, bit)   that many bits of a plane from `bit` on; may read 8 bytes beyond them,
 *     sum3(a, b, c)        a ^ b ^ c,
 *     carry3(a, b, c)      the majority of the three,
 *     any(a)               whether some bit is set. */
#include "kernels.h"
#include "slide_states/best.h"

enum { TILE = 64 * LANE_WORDS, PLANES = 16, ROUND = 8, FIRST_CARRY = 4 };

typedef union {
    lanes plane[PLANES]; /* bit q of each lag's count */
    uint64_t word[PLANES][LANE_WORDS];
} counts;

typedef struct {
    counts sum;
    lanes waiting[PLANES + 1]; /* carries for which there is no partner yet; those beyond the planes are 0 */
    size_t rounds;
} counter;

typedef struct {
    const uint8_t *planes;
    size_t plane_bytes;
    const int64_t *slot;
    const uint8_t *outcome;
} slide;

TARGET static inline lanes add3(lanes *sum, lanes a, lanes b)
{
    lanes carry = carry3(*sum, a, b);
    *sum = sum3(*sum, a, b);
    return carry;
}

TARGET static inline void count_detection(const slide *s, size_t k, int64_t lag, lanes *agrees, lanes *differs_not)
{
    size_t bit = (size_t)(s->slot[k] + lag + 8 * SLIDE_MARGIN);
    *agrees = window(s->planes + s->outcome[k] * s->plane_bytes, bit);
    *differs_not = ~window(s->planes + (s->outcome[k] ^ 2) * s->plane_bytes, bit);
}

/* A tree of full adders: 16 bits of weight 1 in, one of weight 16 out. */
TARGET static inline lanes add_round(counter *c, const lanes bits[2 * ROUND])
{
    lanes twos[ROUND], fours[ROUND / 2], eights[ROUND / 4];
    lanes *sum = c->sum.plane;
    for (int i = 0; i < ROUND; i++)
        twos[i] = add3(&sum[0], bits[2 * i], bits[2 * i + 1]);
    for (int i = 0; i < ROUND / 2; i++)
        fours[i] = add3(&sum[1], twos[2 * i], twos[2 * i + 1]);
    for (int i = 0; i < ROUND / 4; i++)
        eights[i] = add3(&sum[2], fours[2 * i], fours[2 * i + 1]);
    return add3(&sum[3], eights[0], eights[1]);
}

TARGET static inline void keep_carry(counter *c, lanes carry)
{
    size_t arrived = c->rounds++;
    unsigned level = FIRST_CARRY;
    for (; arrived & 1; arrived >>= 1, level++)
        carry = add3(&c->sum.plane[level], c->waiting[level], carry);
    c->waiting[level] = carry;
}

TARGET static inline void add_waiting(counter *c)
{
    for (unsigned first = FIRST_CARRY; c->rounds >> (first - FIRST_CARRY); first++) {
        if (!(c->rounds >> (first - FIRST_CARRY) & 1))
            continue;
        lanes carry = c->waiting[first];
        for (unsigned level = first; level < PLANES; level++) {
            lanes both = c->sum.plane[level] & carry;
            c->sum.plane[level] ^= carry;
            carry = both;
        }
    }
}

/* Counts of the lags from `lag` on, over detections `first` to `end`, of which there are fewer than 2^15. */
TARGET static inline void count_tile(counter *c, const slide *s, size_t first, size_t end, int64_t lag)
{
    lanes bits[2 * ROUND];
    size_t k = first;
    c->rounds = 0;
    for (int level = 0; level < PLANES; level++)
        c->sum.plane[level] = (lanes){0};
    for (; k + ROUND <= end; k += ROUND) {
        for (size_t i = 0; i < ROUND; i++)
            count_detection(s, k + i, lag, &bits[2 * i], &bits[2 * i + 1]);
        keep_carry(c, add_round(c, bits));
    }
    for (size_t i = 0; i < ROUND; i++) {
        bits[2 * i] = bits[2 * i + 1] = (lanes){0};
        if (k + i < end)
            count_detection(s, k + i, lag, &bits[2 * i], &bits[2 * i + 1]);
    }
    keep_carry(c, add_round(c, bits));
    add_waiting(c);
}

/* Which lags of a tile count more than `limit`, 0 to 2^16 - 1. */
TARGET static inline lanes above(const counts *sum, uint32_t limit)
{
    lanes more = {0}, equal = ~more;
    for (int level = PLANES - 1; level >= 0; level--) {
        lanes plane = sum->plane[level];
        if (!(limit >> level & 1))
            more |= equal & plane;
        equal &= limit >> level & 1 ? plane : ~plane;
    }
    return more;
}

TARGET static inline void offer_tile(best_lags *best, const counts *sum, lanes chosen, size_t n_lags, int64_t lag,
                                     int32_t neutral)
{
    uint64_t word[LANE_WORDS];
    __builtin_memcpy(word, &chosen, sizeof word);
    for (size_t w = 0; w < LANE_WORDS; w++)
        for (; word[w]; word[w] &= word[w] - 1) {
            unsigned place = (unsigned)__builtin_ctzll(word[w]);
            uint32_t count = 0;
            if (64 * w + place >= n_lags)
                return;
            for (int level = 0; level < PLANES; level++)
                count |= (uint32_t)(sum->word[level][w] >> place & 1) << level;
            offer(best, (int32_t)count - neutral, lag + (int64_t)(64 * w + place));
        }
}

TARGET static inline size_t slide_by_tiles(const slide *s, size_t n_states, size_t n, int64_t first_lag,
                                           size_t n_lags, best_lags *best)
{
    size_t first = n, end = n;
    counter c;
    for (size_t done = 0; done < n_lags; done += TILE) {
        int64_t lag = first_lag + (int64_t)done;
        /* Others meet no state at any lag of this tile; as lags ascend, later detections leave first. */
        while (first && s->slot[first - 1] + lag > -TILE)
            first--;
        while (end && s->slot[end - 1] + lag >= (int64_t)n_states)
            end--;
        int32_t neutral = (int32_t)(end - first);
        count_tile(&c, s, first, end, lag);
        int64_t limit = (int64_t)bar(best) + neutral;
        lanes none = {0}, chosen = limit < 0 ? ~none : above(&c.sum, (uint32_t)limit);
        if (any(chosen))
            offer_tile(best, &c.sum, chosen, n_lags - done, lag, neutral);
    }
    return sort_lags(best);
}

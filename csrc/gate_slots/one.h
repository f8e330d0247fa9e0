/* The slot of one time; the same operations in the same order as the vectors', so that all levels agree. */
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t start_ps;
    double centre_ps, period_ps, half_gate_ps;
    uint32_t n_slots;
} gate;

typedef struct {
    size_t kept, inside;
    int64_t last; /* slot of the time that was kept last */
} gate_state;

/* Round to the nearest integer, halves to even. A number of 2^52 and more is one already. */
static inline double nearest(double x)
{
    const double whole = 4503599627370496.0;
    double shifted = copysign(fabs(x) < whole ? whole : 0.0, x);
    return (x + shifted) - shifted;
}

/* Without branches: whether a stray click is inside is a coin toss to a predictor. */
static inline gate_state gate_one(gate_state at, const gate *g, int64_t time_ps, size_t i, uint32_t *slot,
                                  uint32_t *index, double *beyond_ps)
{
    double since = (double)(int64_t)((uint64_t)time_ps - (uint64_t)g->start_ps) - g->centre_ps;
    double place = nearest(since / g->period_ps), beyond = since - place * g->period_ps;
    int inside = fabs(beyond) <= g->half_gate_ps, known = inside & (place >= 0) & (place < g->n_slots);
    int64_t number = (int64_t)(place * known);
    int kept = known & (number != at.last);
    slot[at.kept] = (uint32_t)number;
    index[at.kept] = (uint32_t)i;
    beyond_ps[at.kept] = beyond;
    at.kept += (size_t)kept;
    at.inside += (size_t)inside;
    at.last = kept ? number : at.last;
    return at;
}

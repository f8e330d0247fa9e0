#include "gate_slots/gate_slots.h"
#include "gate_slots/one.h"

size_t gate_slots_scalar(const int64_t *time_ps, size_t n, int64_t start_ps, double centre_ps, double period_ps,
                         double half_gate_ps, uint32_t n_slots, uint32_t *slot, uint32_t *index,
                         double *beyond_ps, uint64_t *n_inside)
{
    const gate g = {start_ps, centre_ps, period_ps, half_gate_ps, n_slots};
    gate_state at = {0, 0, -1};
    for (size_t i = 0; i < n; i++)
        at = gate_one(at, &g, time_ps[i], i, slot, index, beyond_ps);
    *n_inside = at.inside;
    return at.kept;
}

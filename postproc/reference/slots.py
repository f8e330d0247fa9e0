"""Slots of clicks and equal bases, one at a time."""

from collections.abc import Sequence


def gate_slots(
    time_ps: Sequence[int],
    start_ps: int,
    *,
    centre_ps: float,
    period_ps: float,
    half_gate_ps: float,
    n_slots: int,
) -> tuple[list[int], list[int], list[float], int]:
    """Keep the first click in the gate of each slot, in doubles as the definition has them."""
    slots: list[int] = []
    indices: list[int] = []
    behind: list[float] = []
    inside = 0
    for index, time in enumerate(time_ps):
        since = float(time - start_ps) - centre_ps
        place = round(since / period_ps)  # halves to even
        beyond = since - place * period_ps
        inside += abs(beyond) <= half_gate_ps
        if abs(beyond) <= half_gate_ps and 0 <= place < n_slots and place not in slots[-1:]:
            slots.append(place)
            indices.append(index)
            behind.append(beyond)
    return slots, indices, behind, inside


def match_bases(
    states: Sequence[int], slot: Sequence[int], basis: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Give whether bases are equal, and the states where they are."""
    match = [int(states[s] & 1 == b) for s, b in zip(slot, basis, strict=True)]
    return match, [states[s] for s, same in zip(slot, match, strict=True) if same]

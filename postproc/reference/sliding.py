"""Detections slid along states, one at a time."""

from collections.abc import Sequence


def score(states: Sequence[int], slot: Sequence[int], outcome: Sequence[int], lag: int) -> int:
    """Agreements minus disagreements of the detections that meet a state of their own basis."""
    total = 0
    for place, (basis, bit) in zip(slot, ((o & 1, o >> 1) for o in outcome), strict=True):
        met = place + lag
        if 0 <= met < len(states) and states[met] & 1 == basis:
            total += 1 if states[met] >> 1 & 1 == bit else -1
    return total


def slide_states(
    states: Sequence[int],
    slot: Sequence[int],
    outcome: Sequence[int],
    *,
    first_lag: int,
    n_lags: int,
    n_best: int,
) -> list[tuple[int, int]]:
    """Give lag and score of the best lags: the highest score first, of equal ones the earlier lag."""
    scored = [(lag, score(states, slot, outcome, lag)) for lag in range(first_lag, first_lag + n_lags)]
    return sorted(scored, key=lambda found: (-found[1], found[0]))[:n_best]

"""Exact confidence limits of a share (C. J. Clopper, E. S. Pearson, Biometrika 26, 404 (1934))."""

from __future__ import annotations

from scipy.stats import beta


def upper(events: int, trials: int, doubt: float = 1e-3) -> float:
    """The share is at most this, but for a probability `doubt`."""
    return 1.0 if events == trials else float(beta.ppf(1 - doubt, events + 1, trials - events))


def lower(events: int, trials: int, doubt: float = 1e-3) -> float:
    """The share is at least this, but for a probability `doubt`."""
    return 0.0 if events == 0 else float(beta.ppf(doubt, events, trials - events + 1))

"""The electrical delays of detectors, from the coincidences of every pair of detectors in the preamble.

Detector *i* of Alice and *j* of Bob see their coincidences at ``bob[j] - alice[i]``. All pairs of detectors
are fitted together: aligning only those that carry equal bits would push the *errors* out of the window
and show an error rate that is far too low.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import SynchronisationFailed
from postproc.synchronisation.chance import log_poisson_tail

BIN_PS = 250
CHANCE_PEAK = 1e-6
"""A pair of detectors counts if accidental coincidences make its peak with at most this probability."""


class Delays(NamedTuple):
    """Delay of each detector in ps, by channel; the mean of each party's delays is zero.

    Attributes
    ----------
    alice, bob : dict of int to float
    common_ps : float
        What all pairs share: it belongs to the clock's offset.
    """

    alice: dict[int, float]
    bob: dict[int, float]
    common_ps: float


class _Peak(NamedTuple):
    alice: int
    bob: int
    position_ps: float
    weight: float


def estimate_delays(
    residual_ps: NDArray[np.float64],
    alice_channel: NDArray[np.uint8],
    bob_channel: NDArray[np.uint8],
    *,
    alice: Iterable[int],
    bob: Iterable[int],
    reach_ps: int,
    window_ps: int,
) -> Delays:
    """Fit one delay a detector to the coincidence peaks of all pairs of detectors.

    Parameters
    ----------
    residual_ps : array of float64, shape (n,)
        Bob minus Alice on a common clock, of all neighbouring clicks within `reach_ps`.
    alice_channel, bob_channel : array of uint8, shape (n,)
        The detectors of each difference.
    alice, bob : iterable of int
        Channels of the parties' detectors.
    reach_ps : int
        How far a peak may lie from zero.
    window_ps : int
        Full width of the coincidence window; peaks are this sharp or sharper.

    Raises
    ------
    SynchronisationFailed
        If the peaks do not bind all detectors to one another, or contradict each other.
    """
    peaks = []
    for i in sorted(alice):
        of_i = np.flatnonzero(alice_channel == i)
        for j in sorted(bob):
            residual = residual_ps[of_i[bob_channel[of_i] == j]]
            if (found := _find(residual, reach_ps, window_ps)) is not None:
                peaks.append(_Peak(i, j, *found))
    _require_all(peaks, sorted(alice), sorted(bob))
    _require_bound(peaks)
    return _fit(peaks, sorted(alice), sorted(bob), window_ps)


def common_delay(residual_ps: NDArray[np.float64], *, reach_ps: int, window_ps: int) -> Delays:
    """Give the one delay that all pairs share, where the detectors' own are known.

    Raises
    ------
    SynchronisationFailed
        If there is no peak that chance does not make.
    """
    found = _find(residual_ps, reach_ps, window_ps)
    if found is None:
        raise SynchronisationFailed(
            "the parties' clicks show no coincidence peak as sharp as the window; check that the detectors' "
            "calibrated delays are right, or let them be found in the preamble"
        )
    return Delays({}, {}, found[0])


def _find(residual_ps: NDArray[np.float64], reach: int, window_ps: int) -> tuple[float, float] | None:
    """Position and height of the strongest peak, if chance does not make it."""
    if len(residual_ps) < 2:
        return None
    counts, edges = np.histogram(residual_ps, np.arange(-reach, reach + BIN_PS, BIN_PS))
    wide = max(window_ps // BIN_PS, 1)
    sums = np.convolve(counts, np.ones(wide, np.int64), "valid")
    top = int(np.argmax(sums))
    expected = max((counts.sum() - sums[top]) / max(len(counts) - wide, 1) * wide, 1e-3)
    if log_poisson_tail(int(sums[top]), expected) > np.log(CHANCE_PEAK / len(sums)):
        return None
    inside = residual_ps[(residual_ps >= edges[top]) & (residual_ps <= edges[top] + wide * BIN_PS)]
    return float(np.median(inside)), float(sums[top] - expected)


def _require_all(peaks: list[_Peak], alice: Sequence[int], bob: Sequence[int]) -> None:
    for party, channels, seen in (
        ("Alice", alice, {peak.alice for peak in peaks}),
        ("Bob", bob, {peak.bob for peak in peaks}),
    ):
        if missing := sorted(set(channels) - seen):
            raise SynchronisationFailed(
                f"detector {missing[0]} of {party} shows no coincidences with any detector of the other "
                "party in the preamble, so its delay stays unknown; take a longer preamble or check the "
                "detector"
            )


def _require_bound(peaks: list[_Peak]) -> None:
    """Each delay must follow from the others: peaks are edges, and the graph of detectors is connected."""
    alice, bob = {peaks[0].alice}, {peaks[0].bob}
    for _ in peaks:
        for peak in peaks:
            if peak.alice in alice or peak.bob in bob:
                alice.add(peak.alice)
                bob.add(peak.bob)
    if loose := sorted({peak.alice for peak in peaks} - alice):
        raise SynchronisationFailed(
            f"the coincidences of detectors {', '.join(map(str, sorted(alice)))} of Alice are with other "
            f"detectors of Bob than those of {', '.join(map(str, loose))}, so the delays between the two "
            "groups stay unknown; take a longer preamble, or calibrate the delays"
        )


def _fit(peaks: list[_Peak], alice: list[int], bob: list[int], window_ps: int) -> Delays:
    """Weighted least squares; the peak that fits worst goes, until all fit within half the window."""
    while True:
        delays = _solve(peaks, alice, bob)
        misfit = [
            abs(peak.position_ps - delays.common_ps - delays.bob[peak.bob] + delays.alice[peak.alice])
            for peak in peaks
        ]
        worst = int(np.argmax(misfit))
        if misfit[worst] <= window_ps / 2:
            return delays
        if len(peaks) <= len(alice) + len(bob):  # a single loop: any of its peaks may be the wrong one
            raise SynchronisationFailed(
                f"the delays of the detectors contradict each other by {misfit[worst] / 1000:.1f} ns; look "
                "for a detector that echoes, and set a hold-off that covers its echo"
            )
        peaks = peaks[:worst] + peaks[worst + 1 :]
        _require_all(peaks, alice, bob)
        _require_bound(peaks)


def _solve(peaks: list[_Peak], alice: list[int], bob: list[int]) -> Delays:
    rows = np.zeros((len(peaks) + 2, 1 + len(alice) + len(bob)))
    target = np.zeros(len(peaks) + 2)
    for row, peak in enumerate(peaks):
        weight = np.sqrt(max(peak.weight, 1.0))
        rows[row, 0] = weight
        rows[row, 1 + alice.index(peak.alice)] = -weight
        rows[row, 1 + len(alice) + bob.index(peak.bob)] = weight
        target[row] = weight * peak.position_ps
    gauge = np.sqrt(sum(max(peak.weight, 1.0) for peak in peaks))
    rows[-2, 1 : 1 + len(alice)] = gauge
    rows[-1, 1 + len(alice) :] = gauge
    solution, *_ = np.linalg.lstsq(rows, target)
    return Delays(
        dict(zip(alice, solution[1 : 1 + len(alice)].tolist(), strict=True)),
        dict(zip(bob, solution[1 + len(alice) :].tolist(), strict=True)),
        float(solution[0]),
    )

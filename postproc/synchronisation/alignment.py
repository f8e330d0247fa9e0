"""From Alice's published clicks and Bob's own: the clock between them, and the delays of all detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import SynchronisationFailed
from postproc.parameters.receiver import Receiver
from postproc.parameters.stages import Clock
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.chance import log_poisson_tail
from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.coarse import find_lag
from postproc.synchronisation.delays import Delays, common_delay, estimate_delays
from postproc.synchronisation.line import Differences, Line, differences, fit_line, sharpen

MIN_PAIRS = 32
"""Coincidences after alignment below which a lock is not believed."""

COVERED = 0.75
"""Share of the preamble that coincidences must span: from less, the drift comes out too coarse."""


class Alignment(NamedTuple):
    """Bob's clock against Alice's, and the coincidences that it rests on.

    Attributes
    ----------
    clock : DriftingClock
    delays : Delays
        Not known before; to be added to the calibrated ones.
    alice_channel, bob_channel : array of uint8, shape (n,)
        Detectors of each coincidence.
    residual_ps : array of float64, shape (n,)
        Bob minus Alice, clock and delays taken off.
    drift_error : float
        One standard deviation of the clock's drift.
    """

    clock: DriftingClock
    delays: Delays
    alice_channel: NDArray[np.uint8]
    bob_channel: NDArray[np.uint8]
    residual_ps: NDArray[np.float64]
    drift_error: float


@dataclass(frozen=True)
class Aligner:
    """How an alignment is sought.

    Attributes
    ----------
    alice, bob : Receiver
    clock : Clock
    window_ps : int
        Full width of the coincidence window.
    """

    alice: Receiver
    bob: Receiver
    clock: Clock
    window_ps: int

    @property
    def reach_ps(self) -> int:
        """How far one pair of detectors may lie from another: both parties' delays may lie apart."""
        return 2 * max(self.clock.max_delay_ps, self.window_ps)

    def align(self, alice: Tags, bob: Tags, length_ps: int) -> Alignment:
        """Find the clock and the delays.

        Parameters
        ----------
        alice, bob : Tags
            Alice's clicks of the preamble, and Bob's clicks around it; calibrated delays taken off.
        length_ps : int
            Length of the preamble.

        Raises
        ------
        SynchronisationFailed
            If chance explains what was found, or it is not enough to rely on.
        """
        clock = self._lock(alice, bob)
        near = differences(alice.time_ps, clock.to_alice(bob.time_ps), self.reach_ps)
        alice_channel, bob_channel = alice.channel[near.segment], bob.channel[near.stream]
        delays = self._delays(near, alice_channel, bob_channel)
        skew = _table(delays.bob)[bob_channel] - _table(delays.alice)[alice_channel]
        residual = near.difference_ps - delays.common_ps - skew
        along = (alice.time_ps[near.segment] - clock.reference_ps).astype(np.float64)
        line = fit_line(along, residual, self.window_ps)
        self._believe(line, along, length_ps)
        inside = line.inside
        left = residual[inside] - line.offset_ps - line.slope * along[inside]
        return Alignment(
            clock.shifted(delays.common_ps + line.offset_ps, line.slope),
            delays,
            alice_channel[inside],
            bob_channel[inside],
            left,
            float(np.std(left) / np.sqrt(len(left)) / np.std(along[inside])),
        )

    def _lock(self, alice: Tags, bob: Tags) -> DriftingClock:
        coarse = find_lag(
            alice.time_ps,
            bob.time_ps,
            max_drift=self.clock.max_drift_ppm * 1e-6,
            false_alarm=self.clock.false_lock / self.clock.attempts,
        )
        if coarse is None:
            raise SynchronisationFailed(
                f"the {len(alice.time_ps)} clicks of Alice's preamble and {len(bob.time_ps)} of Bob's "
                "show no common lag that chance does not explain; check that both recorded the same source "
                "at the same time, or take a longer preamble"
            )
        return sharpen(alice.time_ps, bob.time_ps, coarse, resolution_ps=self.window_ps)

    def _delays(self, near: Differences, alice: NDArray[np.uint8], bob: NDArray[np.uint8]) -> Delays:
        residual = near.difference_ps.astype(np.float64)
        if not self.clock.estimate_delays:
            return common_delay(residual, reach_ps=self.reach_ps, window_ps=self.window_ps)
        delays = estimate_delays(
            residual,
            alice,
            bob,
            alice=[detector.channel for detector in self.alice.detectors],
            bob=[detector.channel for detector in self.bob.detectors],
            reach_ps=self.reach_ps,
            window_ps=self.window_ps,
        )
        self._bounded(delays)
        return delays

    def _bounded(self, delays: Delays) -> None:
        """Raise SynchronisationFailed if delays lie further apart than was agreed."""
        for party, values in (("Alice", delays.alice.values()), ("Bob", delays.bob.values())):
            if (apart := max(values) - min(values)) > self.clock.max_delay_ps:
                raise SynchronisationFailed(
                    f"the delays of {party}'s detectors seem to lie {apart / 1000:.1f} ns apart, more than "
                    f"max_delay_ps = {self.clock.max_delay_ps} allows; look at the cables, or raise it"
                )

    def _believe(self, line: Line, along: NDArray[np.float64], length_ps: int) -> None:
        """Raise SynchronisationFailed unless the coincidences are many, beyond chance, and spread out."""
        pairs = int(np.count_nonzero(line.inside))
        accidental = (len(line.inside) - pairs) * self.window_ps / (2 * self.reach_ps - self.window_ps)
        if pairs < MIN_PAIRS or log_poisson_tail(pairs, accidental) > np.log(self.clock.false_lock):
            raise SynchronisationFailed(
                f"only {pairs} coincidences were left after alignment, {accidental:.0f} of them by chance, "
                f"and {MIN_PAIRS} beyond doubt are needed; take a longer preamble"
            )
        covered = float(np.ptp(along[line.inside]))
        if covered < COVERED * length_ps:
            raise SynchronisationFailed(
                f"the coincidences span only {covered * 1e-9:.3g} ms of the preamble's "
                f"{length_ps * 1e-9:.3g} ms: one of the recordings begins or ends inside it"
            )


def _table(delays: dict[int, float]) -> NDArray[np.float64]:
    """Delays by channel; shape (256,)."""
    table = np.zeros(256)
    for channel, delay in delays.items():
        table[channel] = delay
    return table

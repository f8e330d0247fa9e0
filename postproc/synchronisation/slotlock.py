"""From Alice's published states and Bob's clicks: which slot is which, and where slots lie on his clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import SynchronisationFailed
from postproc.parameters.receiver import Bases, Receiver
from postproc.parameters.stages import Clock
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.convert import known_delays
from postproc.synchronisation.gating import best_gate
from postproc.synchronisation.rhythm import Rhythm, find_rhythm
from postproc.synchronisation.slotclock import SlotClock
from postproc.synchronisation.slotsearch import Detections, SlotLock, SlotSearch
from postproc.synchronisation.tracking import SlotTracker
from postproc.synchronisation.uncertainty import Uncertainty

CHANCE_SHIFT = 1e-6
"""A detector's slots count as known if its bits agree so well by accident with at most this probability."""


class FoundSlots(NamedTuple):
    """What a lock came to.

    Attributes
    ----------
    tracker : SlotTracker
        Follows the slots from the preamble on.
    figures : dict
        For the report.
    """

    tracker: SlotTracker
    figures: dict[str, float]


@dataclass(frozen=True)
class SlotLocker:
    """How the slots are sought.

    Attributes
    ----------
    receiver : Receiver
        Bob's.
    bases : Bases
    clock : Clock
    period_ps : float
        Slot period on Alice's clock; slot n is centred on ``n * period``.
    """

    receiver: Receiver
    bases: Bases
    clock: Clock
    period_ps: float

    @property
    def max_shift(self) -> int:
        """By how many slots detectors may lie apart; none where delays are shorter than half a slot."""
        if not self.clock.estimate_delays or 2 * self.clock.max_delay_ps < self.period_ps:
            return 0
        return int(self.clock.max_delay_ps / self.period_ps) + 1

    def lock(self, first_slot: int, states: NDArray[np.uint8], tags: Tags) -> FoundSlots:
        """Find the slots.

        Parameters
        ----------
        first_slot : int
            Number of the preamble's first slot.
        states : array of uint8
            The preamble, encoded as in `StateChunk`.
        tags : Tags
            Bob's clicks around it; calibrated delays taken off.

        Raises
        ------
        SynchronisationFailed
            If chance explains what was found, or it is not enough to rely on.
        """
        length_ps = ceil(len(states) * self.period_ps * (1 + 2e-6 * self.clock.max_drift_ppm))
        spans = list(_spans(tags, length_ps))
        chance = self.clock.false_lock / self.clock.attempts / max(len(spans), 1)
        search = SlotSearch(states, self.max_shift)
        kept: list[_Stretch] = []
        for stretch, thoroughly in self._looks(tags, spans, length_ps, chance, kept):
            lock = search.find(stretch.seen, stretch.starts, thoroughly=thoroughly)
            if lock is not None and lock.log_false_alarm < log(chance):
                place = _Place(stretch.rhythm, lock)
                return self._found(first_slot, self._sharper(tags, place, search, length_ps, chance))
        raise SynchronisationFailed(self._nowhere(len(states), len(tags.time_ps), len(kept)))

    def _looks(
        self, tags: Tags, spans: list[int], length_ps: int, chance: float, kept: list[_Stretch]
    ) -> Iterator[tuple[_Stretch, bool]]:
        """Give each stretch that keeps a beat, for a quick look first, and at last for thorough ones."""
        for start_ps in spans:
            if (stretch := self._stretch(tags, start_ps, length_ps, chance)) is not None:
                kept.append(stretch)
                yield stretch, False
        yield from ((stretch, True) for stretch in kept)

    def _stretch(self, tags: Tags, start_ps: int, length_ps: int, chance: float) -> _Stretch | None:
        """Look at the clicks that a preamble may have if it starts within `length_ps` of `start_ps`."""
        tags = _between(tags, start_ps, start_ps + 2 * length_ps)
        rhythm = find_rhythm(
            tags.time_ps,
            tags.channel,
            self.period_ps,
            max_drift=self.clock.max_drift_ppm * 1e-6,
            false_alarm=chance,
        )
        if rhythm is None:
            return None
        ends = rhythm.clock.turns(np.array([start_ps, start_ps + length_ps]))
        starts = range(floor(ends[0]) - self.max_shift - 1, ceil(ends[1]) + self.max_shift + 2)
        return _Stretch(rhythm, self._detections(tags, rhythm), starts)

    def _sharper(
        self, tags: Tags, place: _Place, search: SlotSearch, length_ps: int, chance: float
    ) -> _Place:
        """All of the stretch that begins with the preamble is lit: it shows the beat best."""
        begin = place.rhythm.clock.moved(place.lock.start - self.max_shift - 1)
        lit = self._stretch(tags, begin.origin_ps, length_ps, chance)
        if lit is None:
            return place
        near = round(float(lit.rhythm.clock.turns(np.array([begin.origin_ps]))[0])) + self.max_shift + 1
        lock = search.find(lit.seen, range(near - self.max_shift - 2, near + self.max_shift + 3))
        good = lock is not None and lock.log_false_alarm < log(chance)
        return _Place(lit.rhythm, lock) if good and lock is not None else place

    def _detections(self, tags: Tags, rhythm: Rhythm) -> Detections:
        """One detection a slot and detector, of the clicks near the slots' centres."""
        turns = rhythm.clock.turns(tags.time_ps) - self._phases(rhythm)[tags.channel] / rhythm.clock.period_ps
        slot = np.rint(turns).astype(np.int64)
        gate = best_gate(turns - slot)
        near = np.abs(turns - slot) <= gate.half
        slot, channel = slot[near], tags.channel[near]
        base = int(slot.min(initial=0))
        _, first = np.unique((slot - base) * 256 + channel, return_index=True)
        channel = channel[first]
        basis, bit = self._outcomes()
        return Detections(slot[first], channel, basis[channel], bit[channel], gate.signal)

    def _phases(self, rhythm: Rhythm) -> NDArray[np.float64]:
        """What is taken off the clicks of each channel; nothing where delays are calibrated."""
        return rhythm.phase_ps if self.clock.estimate_delays else np.zeros(256)

    def _outcomes(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Tables of basis and bit by channel."""
        basis, bit = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
        for detector in self.receiver.detectors:
            basis[detector.channel] = detector.basis == self.bases.test
            bit[detector.channel] = detector.bit
        return basis, bit

    def _found(self, first_slot: int, place: _Place) -> FoundSlots:
        """Put a lock in Alice's numbers; the tracker begins with the preamble or with the stretch."""
        rhythm, lock = place
        self._require_all(rhythm, lock)
        delays = self._phases(rhythm).copy()
        for channel, shift in lock.shift.items():
            delays[channel] += shift * rhythm.clock.period_ps
        own = [detector.channel for detector in self.receiver.detectors]
        common = float(delays[own].mean())
        whole = round(rhythm.clock.phase_ps + common)
        clock = rhythm.clock._replace(
            slot=first_slot - lock.start,
            origin_ps=rhythm.clock.origin_ps + whole,
            phase_ps=rhythm.clock.phase_ps + common - whole,
        )
        start = clock.moved(lock.start)
        # Twice the standard errors: the tracker goes through the clicks of the preamble again.
        uncertainty = rhythm.uncertainty.after(lock.start * clock.period_ps)
        tracker = SlotTracker(
            known_delays(self.receiver) + np.rint(delays - common).astype(np.int64),
            start,
            Uncertainty(4 * uncertainty.covariance),
            self.period_ps,
        )
        return FoundSlots(tracker, self._figures(first_slot, start, rhythm, lock))

    def _require_all(self, rhythm: Rhythm, lock: SlotLock) -> None:
        """Raise SynchronisationFailed where a detector's delay stays unknown."""
        if not self.clock.estimate_delays:
            return
        for detector in self.receiver.detectors:
            if rhythm.log_chance[detector.channel] > log(CHANCE_SHIFT):
                raise SynchronisationFailed(
                    f"detector {detector.channel} of Bob shows no beat of its own in the preamble, so its "
                    "delay stays unknown; take a longer preamble, calibrate the delays or check the detector"
                )
        if self.max_shift and lock.log_weakest > log(CHANCE_SHIFT):
            raise SynchronisationFailed(
                f"detector {lock.weakest} of Bob has too few clicks in the preamble to tell by how many "
                "slots it is late; take a longer preamble, calibrate the delays or lower max_delay_ps"
            )

    def _figures(
        self, first_slot: int, centre: SlotClock, rhythm: Rhythm, lock: SlotLock
    ) -> dict[str, float]:
        drift = rhythm.clock.period_ps / self.period_ps - 1
        reference = round(first_slot * self.period_ps)
        offset = centre.origin_ps - reference + centre.phase_ps - (first_slot * self.period_ps - reference)
        return {
            "offset_ps": float(DriftingClock(reference, offset, drift).offset_at(0)),
            "drift_ppb": float(drift * 1e9),
            "drift_error_ppb": rhythm.drift_error * 1e9,
            "preamble_detections": lock.matched,
            "preamble_qber": 1 - lock.agreeing / max(lock.matched, 1),
            "log_false_lock": max(rhythm.log_false_alarm, lock.log_false_alarm),
        }

    def _nowhere(self, slots: int, clicks: int, beats: int) -> str:
        if beats == 0:
            return (
                f"none of Bob's {clicks} clicks around the preamble keep the beat of slots of "
                f"{self.period_ps:.6g} ps; check the slot rate, the light and max_drift_ppm"
            )
        return (
            f"Alice's {slots} published slots fit nowhere into Bob's {clicks} clicks, though these keep the "
            "beat; check that both recorded the same transmission, or take a longer preamble"
        )


class _Stretch(NamedTuple):
    """Clicks that keep a beat, and where in them the preamble may start."""

    rhythm: Rhythm
    seen: Detections
    starts: range


class _Place(NamedTuple):
    """The preamble's first slot is Bob's own slot ``lock.start``, counted by his rhythm."""

    rhythm: Rhythm
    lock: SlotLock


def _spans(tags: Tags, length_ps: int) -> Iterator[int]:
    """Starts of stretches in which a preamble may start: from one that ends with the first click on."""
    if len(tags.time_ps):
        yield from range(int(tags.time_ps[0]) - length_ps, int(tags.time_ps[-1]) + 1, length_ps)


def _between(tags: Tags, start_ps: int, stop_ps: int) -> Tags:
    first, last = np.searchsorted(tags.time_ps, (start_ps, stop_ps))
    return Tags(tags.time_ps[first:last], tags.channel[first:last])

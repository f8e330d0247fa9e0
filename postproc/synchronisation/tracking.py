"""Following the slots through a recording: a Kalman filter on phase, period and ramp of Bob's clicks.

The clicks of a batch show how far the slots lie from where they were expected, and how surely. Where nothing
clear has been seen for so long that a click's slot is no longer known, or the beat has jumped, the tracker
says so and gives no clicks any more: a guess would be key with 50 % errors.
"""

from __future__ import annotations

from fractions import Fraction
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from postproc.synchronisation.beat import Batch, Beat
from postproc.synchronisation.slotclock import SlotClock
from postproc.synchronisation.uncertainty import Uncertainty
from postproc.timetags.gaps import undelayed, until
from postproc.timetags.types import Gap, TagChunk
from postproc.types import Alarm

STALE_CLICKS = 2**14
"""So many clicks without a clear beat are forgotten: there was no light."""

UNKNOWN = 0.1
"""Standard deviation of the phase, in slots, from which on slots are unknown: half a slot is 5 sigma."""

JUMP = 0.05
"""Deviation in slots that, beyond 6 sigma, is no drift of a clock."""

TOO_LONG = "for too long no clicks kept the beat of the slots"
JUMPED = "the beat of the slots jumped"


class SlotTracker:
    """Convert Bob's chunks to Alice's slots: slot n is centred on ``n * slot_period`` afterwards.

    Chunks come in order; how the recording is cut into chunks makes no difference. Clicks before the
    clock's own slot are left out.

    Parameters
    ----------
    delay_ps : array of int64, shape (256,)
        Taken off each click, by channel.
    clock : SlotClock
        Bob's clock from its own slot on.
    uncertainty : Uncertainty
        How surely it is known there.
    slot_period_ps : float
        Slot period on Alice's clock.

    Attributes
    ----------
    delay_ps : array of int64, shape (256,)
    """

    def __init__(
        self, delay_ps: NDArray[np.int64], clock: SlotClock, uncertainty: Uncertainty, slot_period_ps: float
    ) -> None:
        self.delay_ps = delay_ps
        self._clock = clock
        self._uncertainty = uncertainty
        self._slot_period = slot_period_ps
        self._begin_ps = clock.origin_ps - round(clock.period_ps / 2)
        self._batch = Batch()
        self._beat = Beat()
        self._lost_ps: int | None = None
        self._alarms: list[Alarm] = []

    def __call__(self, chunk: TagChunk) -> TagChunk:
        """Give the chunk in Alice's time, ascending; where slots are unknown, a gap."""
        start = self._instant(chunk.start_ps)
        gaps = [self._gap(gap) for gap in chunk.gaps]
        time_ps = chunk.time_ps - self.delay_ps[chunk.channel]
        order = np.argsort(time_ps, kind="stable")
        order = order[np.searchsorted(time_ps[order], self._begin_ps) :]
        parts = [np.empty(0, np.int64), *self._follow(time_ps[order])]
        converted = np.maximum.accumulate(np.concatenate(parts))
        stop = max(self._instant(chunk.stop_ps), start)
        if self._lost_ps is not None:
            lost = min(max(self._instant(self._lost_ps), start), stop)
            gaps = [until(gap, lost) for gap in gaps if gap.first_ps < lost] + [Gap(lost, stop, "unknown")]
        return TagChunk(start, stop, converted, chunk.channel[order][: len(converted)], tuple(gaps))

    def watch(self) -> tuple[Alarm, ...]:
        """Give the alarms that came up since it was asked last."""
        alarms, self._alarms = tuple(self._alarms), []
        return alarms

    def clock_at(self, alice_ps: int) -> dict[str, float]:
        """Tell `offset_ps` and `drift_ppb` of Bob's clock at an instant of Alice's; nothing where slots are unknown."""
        if self._lost_ps is not None:
            return {}
        here = self._clock.moved(round(alice_ps / self._slot_period) - self._clock.slot)
        centre = here.slot * Fraction(self._slot_period)
        offset_ps = float(here.origin_ps - centre) + here.phase_ps
        return {"offset_ps": offset_ps, "drift_ppb": (here.period_ps / self._slot_period - 1) * 1e9}

    def _gap(self, gap: Gap) -> Gap:
        gap = undelayed(gap, self.delay_ps)
        return Gap(self._instant(gap.first_ps), self._instant(gap.last_ps), gap.reason, gap.lost)

    def _instant(self, bob_ps: int) -> int:
        turns = self._clock.turns(np.array([bob_ps]))
        return int(self._clock.on_grid(turns, self._slot_period)[0])

    def _follow(self, time_ps: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Convert ascending clicks piece by piece, as far as their slots are known."""
        parts: list[NDArray[np.int64]] = []
        while len(time_ps) and self._lost_ps is None:
            room = self._batch.room(time_ps)
            turns = self._clock.turns(time_ps[:room])
            known = self._known(turns)
            parts.append(self._clock.on_grid(turns[:known], self._slot_period))
            if known < room:
                self._lose(int(time_ps[known]), TOO_LONG)
                break
            self._batch.add(turns)
            time_ps = time_ps[room:]
            if self._batch.full or len(time_ps):
                self._end_batch()
        return parts

    def _known(self, turns: NDArray[np.float64]) -> int:
        """How many of these clicks come before their slots are unknown."""
        variance = self._uncertainty.phase_after(turns * self._clock.period_ps)
        unknown = variance > (UNKNOWN * self._clock.period_ps) ** 2
        return int(unknown.argmax()) if unknown.any() else len(turns)

    def _end_batch(self) -> None:
        self._beat = self._beat.plus(self._batch.take())
        if self._beat.clear:
            self._learn(self._beat)
        if self._beat.clear or self._beat.clicks > STALE_CLICKS:
            self._beat = Beat()

    def _learn(self, beat: Beat) -> None:
        """Move the clock to the middle of the clicks, and correct it by what they show."""
        period = self._clock.period_ps
        expected = self._uncertainty.after(beat.slot * period)
        deviation, error = beat.deviation(sqrt(expected.phase) / period)
        deviation_ps, error_ps = deviation * period, error * period
        if abs(deviation_ps) > max(6 * hypot(sqrt(expected.phase), error_ps), JUMP * period):
            self._lose(round(self._clock.origin_ps + beat.slot * period), JUMPED)
            return
        by_ps, drift, ramp = (expected.gains(error_ps) * deviation_ps).tolist()
        self._clock = self._clock.moved(beat.slot, by_ps, drift, ramp)
        self._uncertainty = expected.measured(error_ps)

    def _lose(self, bob_ps: int, why: str) -> None:
        self._lost_ps = bob_ps
        self._alarms.append(
            Alarm(
                "slots-lost",
                "error",
                "Bob's clock",
                {"bob_clock_s": bob_ps * 1e-12, "reason": why},
                f"{why[0].upper()}{why[1:]}. It is no longer known which click belongs to which slot, and "
                "what follows makes no key. Look at the light and at the clocks, and start a new session.",
            )
        )

"""Following the slots of a transmitter that runs: which click belongs to which prepared state, and when it came.

Slots are told apart by their brightness alone, full pulses and dark ones, so that they are found whatever has
become of the polarisation on the way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.roles import Pattern, StateTransmitter, TimeTagger
from postproc.errors import SynchronisationFailed
from postproc.parameters.receiver import Bases, Detector, Receiver
from postproc.synchronisation.buffer import Span, StateBuffer, TagBuffer
from postproc.synchronisation.convert import prepared
from postproc.synchronisation.slotlock import SlotLocker
from postproc.synchronisation.tracking import SlotTracker
from postproc.timetags.types import PICOSECONDS_PER_SECOND, TagChunk
from qkdctl.calibration.stand import Stand, Tell, marked_pattern, silent

READ_S = 5.0
SETTLE_S = 0.06
"""What is set takes effect within this."""

MARGIN_S = 0.2
LOOK_BACK_PS = 200_000
"""Delays are sought this far: shorter ones are what cables make."""

OLDEST_S = 10.0
"""Tags that are older when they are read will not be caught up with."""

FULL = 0
"""The intensity of full pulses."""


class Sample(NamedTuple):
    """Clicks and the slots that they fall in; arrays of shape (n,).

    Attributes
    ----------
    channel : array of uint8
    state : array of uint8
        What was sent in the slot, encoded as in `StateChunk`.
    residual_ps : array of float64
        How far the click lies behind the slot's centre.
    duration_s : float
        Of the stretch.
    """

    channel: NDArray[np.uint8]
    state: NDArray[np.uint8]
    residual_ps: NDArray[np.float64]
    duration_s: float


class Follower:
    """Runs transmitter and tagger together.

    Parameters
    ----------
    stand : Stand
    pattern : Pattern
        Of full and dark slots.
    """

    def __init__(self, stand: Stand, pattern: Pattern) -> None:
        self._stand, self._clock = stand, stand.clock
        self._light, self._pattern = stand.light(), pattern
        self._period_ps = PICOSECONDS_PER_SECOND / pattern.slot_hz
        self._transmitter = stand.need("alice.transmitter", StateTransmitter)
        self._tagger = stand.need("bob.tagger", TimeTagger)
        self._states = StateBuffer()
        self._tracker: SlotTracker | None = None
        self._begun_s = 0.0

    def start(self) -> NDArray[np.int64]:
        """Begin, and find the slots; give each detector's delay by channel, shape (256,), ps.

        Raises
        ------
        SynchronisationFailed
            If the slots cannot be found.
        """
        self._light.shine()
        self._begun_s = self._clock.now_s()
        self._tagger.start()
        self._transmitter.make_safe()
        self._transmitter.configure(self._pattern)
        self._transmitter.start()
        preamble_s = self._stand.decoy.clock.preamble_s
        until_s = self._clock.now_s() - self._begun_s + preamble_s + MARGIN_S
        tags = TagBuffer()
        while not tags.covers(round(until_s * PICOSECONDS_PER_SECOND)):
            tags.add(self._tagger.read(READ_S))
        slots = max(round(preamble_s * self._pattern.slot_hz), 1)
        self._read_states(slots)
        everything = Span(0, round((until_s + MARGIN_S) * PICOSECONDS_PER_SECOND))
        brightness = (self._states.cut(Span(0, slots)) >> np.uint8(2) & np.uint8(1)) << np.uint8(1)
        seen = prepared(tags.cut(everything), self._undelayed())
        self._tracker = self._locker().lock(0, brightness, seen).tracker
        for chunk in tags.drain():
            self._tracker(chunk)
        return self._tracker.delay_ps

    def stop(self) -> None:
        """End both and put the light out, whatever fails on the way."""
        try:
            self._tagger.stop()
        finally:
            self._light.stop()

    def take(self, enough: int, longest_s: float, tell: Tell = silent) -> Sample:
        """Give clicks that came after now, once what was set has taken effect.

        Parameters
        ----------
        enough : int
            So many clicks will do.
        longest_s : float
            Wait no longer for them.
        tell : callable, optional
            Given how far it has come.
        """
        assert self._tracker is not None, "start first"
        since_ps = (self._clock.now_s() - self._begun_s + SETTLE_S) * PICOSECONDS_PER_SECOND
        parts: list[Sample] = []
        clicks, span_ps = 0, 0
        while clicks < enough and span_ps < longest_s * PICOSECONDS_PER_SECOND:
            chunk = self._tagger.read(READ_S)
            self._keep_up(chunk)
            found = self._tracker(chunk)
            if chunk.start_ps >= since_ps:
                parts.append(self._matched(found))
                clicks, span_ps = clicks + len(parts[-1].channel), span_ps + chunk.stop_ps - chunk.start_ps
                tell(f"{clicks:,} clicks; {enough:,} will do")
        return _joined(parts, span_ps / PICOSECONDS_PER_SECOND)

    def _keep_up(self, chunk: TagChunk) -> None:
        """Raise SynchronisationFailed where what is read is older and older."""
        age_s = self._clock.now_s() - self._begun_s - chunk.stop_ps / PICOSECONDS_PER_SECOND
        if age_s > OLDEST_S:
            raise SynchronisationFailed(
                f"what the tagger tells is {age_s:.0f} s old: this machine cannot follow. Lower [calibration] slot_hz; "
                "on an emulated bench, --bench-speed"
            )

    def _matched(self, chunk: TagChunk) -> Sample:
        turns = chunk.time_ps / self._period_ps
        slot = np.rint(turns).astype(np.int64)
        if not len(slot):
            return _joined([], 0.0)
        first, last = max(int(slot[0]), 0), int(slot[-1]) + 1
        self._read_states(last)
        states = self._states.cut(Span(first, last))
        inside = (slot >= first) & (slot - first < len(states))
        self._states.forget(first)
        residual = (turns - slot)[inside] * self._period_ps
        return Sample(chunk.channel[inside], states[slot[inside] - first], residual, 0.0)

    def _read_states(self, until: int) -> None:
        while not self._states.covers(until):
            self._states.add(self._transmitter.read(READ_S))

    def _locker(self) -> SlotLocker:
        clock = replace(self._stand.decoy.clock, estimate_delays=True, max_delay_ps=LOOK_BACK_PS)
        return SlotLocker(self._undelayed(), Bases("full", "other"), clock, self._period_ps)

    def _undelayed(self) -> Receiver:
        """Bob's receiver as if nothing was known of delays, and as if all detectors told brightness."""
        receiver = self._stand.receiver("bob")
        detectors = tuple(Detector(each.channel, "full", 0) for each in receiver.detectors)
        return replace(receiver, detectors=detectors)


def _joined(parts: list[Sample], duration_s: float) -> Sample:
    parts = [Sample(np.empty(0, np.uint8), np.empty(0, np.uint8), np.empty(0), 0.0), *parts]
    return Sample(
        np.concatenate([part.channel for part in parts]),
        np.concatenate([part.state for part in parts]),
        np.concatenate([part.residual_ps for part in parts]),
        duration_s,
    )


def follow(stand: Stand, enough: int, longest_s: float) -> tuple[NDArray[np.int64], Sample]:
    """Find the slots in the marked pattern's light, take clicks, and put the light out again.

    Parameters
    ----------
    stand : Stand
    enough : int
        Clicks after which it ends.
    longest_s : float

    Returns
    -------
    delay_ps : array of int64
        As :meth:`Follower.start` gives it.
    sample : Sample

    Raises
    ------
    SynchronisationFailed
        If the slots are not found.
    """
    follower = Follower(stand, marked_pattern(stand))
    try:
        stand.tell("looking for the slots")
        return follower.start(), follower.take(enough, longest_s, stand.tell)
    finally:
        follower.stop()

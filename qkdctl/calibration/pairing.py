"""Following both receivers of a pair source: which of their clicks belong together, whatever the polarisation does.

Pairs come at the same time at both parties in whichever detectors, so a lock needs no alignment.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.roles import TimeTagger
from postproc.parameters.session import Bbm92
from postproc.sifting.coincidences import pair
from postproc.synchronisation.alignment import Aligner, Alignment
from postproc.synchronisation.buffer import Span, TagBuffer, Tags
from postproc.synchronisation.clock import DriftingClock
from postproc.synchronisation.convert import prepared
from postproc.timetags.types import PICOSECONDS_PER_SECOND
from postproc.types import Role
from qkdctl.calibration.stand import Stand, Tell, silent
from qkdctl.keystore.pair import PARTIES

READ_S = 5.0
SETTLE_S = 0.06
"""What is set takes effect within this."""

MARGIN_PS = 10**9
STRETCH_S = 0.1
SEARCH_PS = 40_000
"""So far may the clocks have gone apart since they were looked at last."""


class Coincidences(NamedTuple):
    """Pairs of clicks; arrays of shape (n,).

    Attributes
    ----------
    alice, bob : array of uint8
        Channels.
    residual_ps : array of float64
        Bob minus Alice, clock and delays taken off.
    duration_s : float
    """

    alice: NDArray[np.uint8]
    bob: NDArray[np.uint8]
    residual_ps: NDArray[np.float64]
    duration_s: float


class PairFollower:
    """Runs both taggers together.

    Parameters
    ----------
    stand : Stand
    parameters : Bbm92
    window_ps : int, optional
        Full width within which clicks are a pair; the agreed one by default.
    """

    def __init__(self, stand: Stand, parameters: Bbm92, window_ps: int | None = None) -> None:
        self._time, self._parameters = stand.clock, parameters
        self._window_ps = window_ps or parameters.window_ps
        self._taggers = {party: stand.need(f"{party}.tagger", TimeTagger) for party in PARTIES}
        self._buffers = {party: TagBuffer() for party in PARTIES}
        self._delays: dict[Role, NDArray[np.int64]] = {}
        self._clock: DriftingClock | None = None
        self._begun_s = 0.0

    def start(self) -> Alignment:
        """Begin, and find the clock between both and the delays.

        Raises
        ------
        SynchronisationFailed
            If they cannot be found.
        """
        self._begun_s = self._time.now_s()
        for tagger in self._taggers.values():
            tagger.start()
        # Sessions may rely on delays that are calibrated; here they are still to be found.
        clock = replace(self._parameters.clock, estimate_delays=True)
        reach, length = (round(s * PICOSECONDS_PER_SECOND) for s in (clock.max_offset_s, clock.preamble_s))
        own = Span(reach, reach + length)
        alice, bob = self._cut("alice", own), self._cut("bob", Span(0, own.stop + reach))
        receivers = (self._parameters.alice, self._parameters.bob)
        aligner = Aligner(*receivers, clock, self._parameters.window_ps)
        found = aligner.align(prepared(alice, receivers[0]), prepared(bob, receivers[1]), length)
        for party in PARTIES:
            self._delays[party] = np.zeros(256, np.int64)
            for channel, delay in getattr(found.delays, party).items():
                self._delays[party][channel] = round(delay)
        self._clock = found.clock
        return found

    def stop(self) -> None:
        """End both, whatever fails on the way."""
        with ExitStack() as each:
            for tagger in self._taggers.values():
                each.callback(tagger.stop)

    def take(self, enough: int, longest_s: float, tell: Tell = silent) -> Coincidences:
        """Give coincidences from now on, once what was set has taken effect.

        Parameters
        ----------
        enough : int
            So many will do.
        longest_s : float
            Wait no longer for them.
        tell : callable, optional
            Given how far it has come.
        """
        since = round((self._time.now_s() - self._begun_s + SETTLE_S) * PICOSECONDS_PER_SECOND)
        step, parts, count = round(STRETCH_S * PICOSECONDS_PER_SECOND), list[Coincidences](), 0
        while count < enough and len(parts) * STRETCH_S < longest_s:
            first = since + len(parts) * step
            parts.append(self._stretch(Span(first, first + step)))
            count += len(parts[-1].alice)
            tell(f"{count:,} coincidences; {enough:,} will do")
        return Coincidences(
            np.concatenate([part.alice for part in parts]),
            np.concatenate([part.bob for part in parts]),
            np.concatenate([part.residual_ps for part in parts]),
            len(parts) * STRETCH_S,
        )

    def _stretch(self, span: Span) -> Coincidences:
        assert self._clock is not None, "start first"
        offset = round(self._clock.offset_at(span.start))
        there = Span(span.start + offset - MARGIN_PS, span.stop + offset + MARGIN_PS)
        alice, bob = self._cut("alice", span), self._cut("bob", there)
        self._buffers["alice"].forget(span.start)
        self._buffers["bob"].forget(there.start)
        a, b = self._in_alices_time("alice", alice), self._in_alices_time("bob", bob)
        pairs = pair(a.time_ps, b.time_ps, self._window_ps, max(self._window_ps, SEARCH_PS))
        if len(pairs.alice):
            apart = np.median(b.time_ps[pairs.bob] - a.time_ps[pairs.alice])
            self._clock = self._clock.shifted(float(apart), 0.0)
        return Coincidences(a.channel[pairs.alice], b.channel[pairs.bob], pairs.residual_ps, STRETCH_S)

    def _in_alices_time(self, party: Role, tags: Tags) -> Tags:
        own = prepared(tags, getattr(self._parameters, party))
        time_ps = own.time_ps - self._delays[party][own.channel]
        if party == "bob" and self._clock is not None:
            time_ps = self._clock.to_alice(time_ps)
        order = np.argsort(time_ps, kind="stable")
        return Tags(time_ps[order], own.channel[order])

    def _cut(self, party: Role, span: Span) -> Tags:
        """Read both, so that neither runs over, until one has told all of a stretch."""
        while not self._buffers[party].covers(span.stop):
            for each, tagger in self._taggers.items():
                self._buffers[each].add(tagger.read(READ_S))
        return self._buffers[party].cut(span)

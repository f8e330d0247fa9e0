"""Two parties' clicks with a known truth behind them: pairs, or slots, on two clocks that drift apart.

Independent of the emulated bench: plain NumPy, every pair and every slot on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from postproc.conversation.agreement import SessionOpened
from postproc.conversation.record import BlockRecord
from postproc.outcome import BlockEnded
from postproc.parameters.receiver import Detector, Receiver
from postproc.runner import direct, run_pair
from postproc.synchronisation.stage import ClockLocked, Synchronise
from postproc.timetags.types import TagChunk
from postproc.types import Alarm

SECOND = 10**12
SESSION = bytes(range(16))


def receiver(first_channel: int = 0, **changes) -> Receiver:
    names = (("Z", 0), ("Z", 1), ("X", 0), ("X", 1))
    detectors = tuple(Detector(first_channel + i, *name) for i, name in enumerate(names))
    return Receiver(detectors, **({"hold_off_ps": 40_000, "double_click_ps": 2000} | changes))


@dataclass(frozen=True)
class TwoClocks:
    """``bob = alice + offset + drift * alice + ramp / 2 * alice**2``, in ps; the ramp is per second."""

    offset_ps: int = 0
    drift: float = 0.0
    ramp_per_s: float = 0.0

    def bob(self, alice_ps):
        along = np.asarray(alice_ps, np.float64)
        gained = self.drift * along + self.ramp_per_s / SECOND / 2 * along**2
        return np.asarray(alice_ps) + self.offset_ps + np.rint(gained).astype(np.int64)


@dataclass(frozen=True)
class PairScene:
    """A source of photon pairs between two parties; bench time is Alice's clock.

    Rates are those of clicks: of pairs that both see, and of clicks without a partner at each party.
    """

    duration_s: float = 0.05
    pairs_hz: float = 100e3
    alice_hz: float = 400e3
    bob_hz: float = 300e3
    clocks: TwoClocks = TwoClocks()
    alice_delays_ps: tuple = (0, 0, 0, 0)
    bob_delays_ps: tuple = (0, 0, 0, 0)
    shares: tuple = (0.25, 0.25, 0.25, 0.25)
    jitter_ps: float = 150.0
    error: float = 0.02
    echo: float = 0.0
    start_ps: int = 0
    bob_from_s: float = 0.0
    bob_until_s: float = 1e9
    light_from_s: float = 0.0

    def clicks(self, seed):
        """Both parties' clicks, each a pair of arrays: time, and detector 0 to 3."""
        rng = np.random.default_rng(seed)
        length = round(self.duration_s * SECOND)
        pairs = rng.integers(
            round(self.light_from_s * SECOND), length, rng.poisson(self.pairs_hz * self.duration_s)
        )
        outcome = rng.choice(4, (2, len(pairs)), p=self.shares)
        same = outcome[0] // 2 == outcome[1] // 2
        wrong = rng.random(len(pairs)) < self.error
        outcome[1] = np.where(same, outcome[0] ^ wrong, outcome[1])
        both = []
        for party, (rate, delays) in enumerate(
            ((self.alice_hz, self.alice_delays_ps), (self.bob_hz, self.bob_delays_ps))
        ):
            lone = rng.integers(0, length, rng.poisson(rate * self.duration_s))
            times = np.concatenate([pairs, lone]) + self.start_ps
            detector = np.concatenate([outcome[party], rng.choice(4, len(lone), p=self.shares)])
            times = times + np.rint(rng.normal(0, self.jitter_ps, len(times))).astype(np.int64)
            if party:
                begin, end = (self.start_ps + round(s * SECOND) for s in (self.bob_from_s, self.bob_until_s))
                here = (times >= begin) & (times < end)
                times, detector = self.clocks.bob(times[here]), detector[here]
            times = times + np.asarray(delays)[detector]
            if self.echo:
                again = (detector == 0) & (rng.random(len(times)) < self.echo)
                times = np.concatenate([times, times[again] + 16_400])
                detector = np.concatenate([detector, detector[again]])
            order = np.argsort(times, kind="stable")
            both.append((times[order], detector[order].astype(np.uint8)))
        return both


def _mix(place):
    mixed = (place.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return mixed ^ mixed >> np.uint64(31)


def states_of(slots):
    """What Alice prepares, a function of the slot's number: basis, bit and one of four intensities."""
    return (_mix(np.asarray(slots)) & np.uint64(15)).astype(np.uint8)


@dataclass(frozen=True)
class SlotScene:
    """A transmitter and a receiver. `clicks_hz` are all of Bob's clicks, `background` the share of stray ones."""

    slot_hz: float = 100e6
    duration_s: float = 0.1
    clicks_hz: float = 1e6
    background: float = 0.01
    error: float = 0.01
    clocks: TwoClocks = TwoClocks()
    delays_ps: tuple = (0, 0, 0, 0)
    shares: tuple = (0.25, 0.25, 0.25, 0.25)
    jitter_ps: float = 60.0
    dark_s: tuple = (0.0, 0.0)
    blind_s: tuple = (0.0, 0.0)

    @property
    def period_ps(self):
        return 1e12 / self.slot_hz

    def clicks(self, seed):
        """Bob's clicks: time, detector 0 to 3, and the true slot (-1 for stray ones)."""
        rng = np.random.default_rng(seed)
        slots = round(self.duration_s * self.slot_hz)
        number = rng.poisson(self.clicks_hz * self.duration_s * (1 - self.background))
        slot = np.sort(rng.integers(0, slots, number))
        lit = (slot < self.dark_s[0] * self.slot_hz) | (slot >= self.dark_s[1] * self.slot_hz)
        slot = slot[lit]
        detector = self._detectors(rng, slot)
        time = np.rint(slot * self.period_ps).astype(np.int64)
        time = time + np.rint(rng.normal(0, self.jitter_ps, len(slot))).astype(np.int64)
        stray = rng.poisson(self.clicks_hz * self.duration_s * self.background)
        time = np.concatenate([time, rng.integers(0, round(self.duration_s * SECOND), stray)])
        slot = np.concatenate([slot, np.full(stray, -1)])
        detector = np.concatenate([detector, rng.choice(4, stray, p=self.shares)])
        seen = (time < self.blind_s[0] * SECOND) | (time >= self.blind_s[1] * SECOND)
        time, slot, detector = time[seen], slot[seen], detector[seen]
        time = self.clocks.bob(time) + np.asarray(self.delays_ps)[detector]
        order = np.argsort(time, kind="stable")
        return time[order], detector[order].astype(np.uint8), slot[order]

    def _detectors(self, rng, slot):
        state = states_of(slot)
        key_share = self.shares[0] + self.shares[1]
        basis = (rng.random(len(slot)) >= key_share).astype(np.int64)
        bit = (state >> 1 & 1) ^ (rng.random(len(slot)) < self.error)
        known = basis == (state & 1)
        return 2 * basis + np.where(known, bit, rng.integers(0, 2, len(slot)))


def chunked(times, channels, pieces=1, span=None):
    """Clicks as `pieces` chunks that tile their span."""
    start, stop = span or (int(times[0]), int(times[-1]) + 1)
    edges = np.linspace(start, stop, pieces + 1).astype(np.int64)
    cuts = np.searchsorted(times, edges)
    return [
        TagChunk(
            int(edges[i]), int(edges[i + 1]), times[cuts[i] : cuts[i + 1]], channels[cuts[i] : cuts[i + 1]]
        )
        for i in range(pieces)
    ]


@dataclass
class Locking:
    """What both parties' `Synchronise` stages gave."""

    alice: list = field(default_factory=list)
    bob: list = field(default_factory=list)

    def _one(self, party, kind):
        found = [message for message in party if isinstance(message, kind)]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def locked(self):
        """Alice's and Bob's `ClockLocked`, or None."""
        both = self._one(self.alice, ClockLocked), self._one(self.bob, ClockLocked)
        return both if all(both) else None

    @property
    def refusals(self):
        """Alice's and Bob's reasons not to lock."""
        return [m.reason for party in (self.alice, self.bob) for m in party if isinstance(m, BlockEnded)]

    @property
    def figures(self):
        return {**self.locked[0].record.figures, **self.locked[1].record.figures}

    def chunks(self, party="bob"):
        return [m for m in getattr(self, party) if isinstance(m, TagChunk)]

    def alarms(self, party="bob"):
        return {m.name: m for m in getattr(self, party) if isinstance(m, Alarm)}


def lock(script, buffers, alice_chunks, bob_chunks, wire=direct):
    """Hold a lock's dialogue between two `Synchronise` stages."""
    opened = SessionOpened(BlockRecord(SESSION, 0), SESSION)
    stages = [
        Synchronise(role, getattr(script, role), buffer)
        for role, buffer in zip(("alice", "bob"), buffers, strict=True)
    ]
    result = Locking()
    sources = [opened, *alice_chunks], [opened, *bob_chunks]
    for role, message in run_pair([stages[0]], [stages[1]], *sources, wire):
        getattr(result, role).append(message)
    return result

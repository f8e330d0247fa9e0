"""Locking two clocks, blind: a transmitter's slots at 1 GHz in stray clicks, and a source of pairs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from time import process_time
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from postproc.parameters.receiver import Bases, Detector, Receiver
from postproc.parameters.stages import Clock
from postproc.synchronisation.alignment import Aligner, Alignment
from postproc.synchronisation.buffer import Tags
from postproc.synchronisation.slotlock import FoundSlots, SlotLocker
from qkdctl.benchmarks.case import Case, Run

PERIOD_PS, PREAMBLE_SLOTS = 1000.0, 4_000_000
CLICKS_HZ, STRAY, ERROR, JITTER_PS = 1e6, 0.8, 0.11, 60.0
OFFSET_PS, DRIFT_PPM = 2_345_678_901, 21.7
PAIRS_HZ, SINGLES_HZ, PAIR_PREAMBLE_S, PAIR_DRIFT_PPM = 1e4, 1e5, 0.2, -48.3
SECOND = 10**12


class Slots(NamedTuple):
    """Alice's states of the preamble, and Bob's clicks in all places where it may lie."""

    states: NDArray[np.uint8]
    clicks: Tags


class Pairs(NamedTuple):
    """Alice's clicks of the preamble, and Bob's around it."""

    alice: Tags
    bob: Tags


def cases() -> Iterator[Case]:
    """Rates of locks on one core: whatever disturbs the machine, the processor's time tells them."""
    for uncertain_s in (0.005, 0.05):
        work = _slots(np.random.default_rng(1), uncertain_s)
        yield Case(
            f"1 GHz slots locked, 4 ms of states, 1 Mcps, 80 % stray, 11 % errors, ±{uncertain_s * 1e3:g} ms",
            1.0,
            "locks/s",
            partial(_lock_slots, work, uncertain_s),
            _check_slots,
            peers=_peers(work) if uncertain_s < 0.01 else {},
            clock=process_time,
        )
    pairs = _pairs(np.random.default_rng(2))
    yield Case(
        "10 k pairs/s in 100 k/100 k locked, ±50 ppm, ±1 s, 0.2 s of clicks",
        1.0,
        "locks/s",
        partial(_lock_pairs, pairs),
        _check_pairs,
        clock=process_time,
    )


def _receiver() -> Receiver:
    names = (("Z", 0), ("Z", 1), ("X", 0), ("X", 1))
    return Receiver(tuple(Detector(i, *name) for i, name in enumerate(names)), 0, 0)


def _slots(rng: np.random.Generator, uncertain_s: float) -> Slots:
    """What Bob sees of all slots before and after the preamble is of other states."""
    reach = round(uncertain_s * SECOND / PERIOD_PS)
    states = rng.integers(0, 16, PREAMBLE_SLOTS + 2 * reach).astype(np.uint8)
    n = rng.poisson(CLICKS_HZ * len(states) * PERIOD_PS / SECOND)
    slot = rng.integers(0, len(states), n)
    sent = states[slot]
    basis = rng.integers(0, 2, n)
    wrong = np.where(basis == sent & 1, rng.random(n) < ERROR, rng.random(n) < 0.5)
    channel = 2 * basis + (sent >> 1 & 1 ^ wrong)
    stray = rng.random(n) < STRAY
    time = slot * PERIOD_PS + np.where(stray, rng.uniform(-500, 500, n), rng.normal(0, JITTER_PS, n))
    channel = np.where(stray, rng.integers(0, 4, n), channel)
    time = np.rint((time - reach * PERIOD_PS) * (1 + DRIFT_PPM * 1e-6)).astype(np.int64) + OFFSET_PS
    order = np.argsort(time)
    order = order[
        np.abs(time[order] - PREAMBLE_SLOTS * PERIOD_PS / 2) < (reach + PREAMBLE_SLOTS / 2) * PERIOD_PS
    ]
    return Slots(states[reach : reach + PREAMBLE_SLOTS], Tags(time[order], channel[order].astype(np.uint8)))


def _lock_slots(work: Slots, uncertain_s: float) -> FoundSlots:
    clock = Clock(
        preamble_s=0.004, max_offset_s=uncertain_s, max_drift_ppm=50.0, estimate_delays=False, attempts=1
    )
    return SlotLocker(_receiver(), Bases(), clock, PERIOD_PS).lock(0, *work)


def _check_slots(answer: object) -> None:
    if isinstance(answer, FoundSlots):
        figures = answer.figures
        assert abs(figures["offset_ps"] - OFFSET_PS) < 100
        assert abs(figures["drift_ppb"] - DRIFT_PPM * 1e3) < 6 * figures["drift_error_ppb"]
    else:
        assert abs(float(str(answer)) - OFFSET_PS / PERIOD_PS) < 1


def _peers(work: Slots) -> dict[str, Run]:
    return {"scipy FFT, the drift given": partial(_by_fft, work)}


def _by_fft(work: Slots) -> float:
    """Only the last step, with the drift known and all in place: the usual correlation on the grid of slots."""
    time, channel = work.clicks
    turns = (time - time[0]) / (PERIOD_PS * (1 + DRIFT_PPM * 1e-6))
    phase = float(np.angle(np.exp(2j * np.pi * turns).sum()) / (2 * np.pi))
    slot = np.rint(turns - phase).astype(np.int64)
    size = scipy.fft.next_fast_len(int(slot[-1]) + 2 + len(work.states), real=True)
    total = np.zeros(size // 2 + 1, np.complex64)
    for basis in (0, 1):
        seen, sent = np.zeros(size, np.float32), np.zeros(size, np.float32)
        own = channel >> 1 == basis
        np.add.at(seen, slot[own] % size, 1 - 2.0 * (channel[own] & 1))
        sent[: len(work.states)] = np.where(work.states & 1 == basis, 1.0 - (work.states & 2), 0.0)
        total += scipy.fft.rfft(seen) * scipy.fft.rfft(sent).conj()
    place = int(np.argmax(scipy.fft.irfft(total, size)))
    return (int(time[0]) + (place + phase) * PERIOD_PS * (1 + DRIFT_PPM * 1e-6)) / PERIOD_PS


def _pairs(rng: np.random.Generator) -> Pairs:
    span = round((PAIR_PREAMBLE_S + 2) * SECOND)
    both = np.sort(rng.integers(0, span, rng.poisson(PAIRS_HZ * span / SECOND)))
    sides = []
    for _ in range(2):
        lone = rng.integers(0, span, rng.poisson((SINGLES_HZ - PAIRS_HZ) * span / SECOND))
        times = np.concatenate([both + np.rint(rng.normal(0, 100, len(both))).astype(np.int64), lone])
        order = np.argsort(times)
        sides.append(Tags(times[order], rng.integers(0, 4, len(times)).astype(np.uint8)[order]))
    alice, bob = sides
    preamble = np.abs(alice.time_ps - span // 2) < PAIR_PREAMBLE_S * SECOND / 2
    gained = np.rint(bob.time_ps * (PAIR_DRIFT_PPM * 1e-6)).astype(np.int64)
    return Pairs(
        Tags(alice.time_ps[preamble], alice.channel[preamble]),
        Tags(bob.time_ps + gained + OFFSET_PS, bob.channel),
    )


def _lock_pairs(work: Pairs) -> Alignment:
    clock = Clock(
        preamble_s=PAIR_PREAMBLE_S, max_offset_s=1.0, max_drift_ppm=50.0, estimate_delays=False, attempts=1
    )
    aligner = Aligner(_receiver(), _receiver(), clock, 1000)
    return aligner.align(*work, round(PAIR_PREAMBLE_S * SECOND))


def _check_pairs(answer: object) -> None:
    assert isinstance(answer, Alignment)
    middle = round((PAIR_PREAMBLE_S + 2) * SECOND / 2)
    assert abs(answer.clock.offset_at(middle) - OFFSET_PS - PAIR_DRIFT_PPM * 1e-6 * middle) < 100
    assert abs(answer.clock.drift - PAIR_DRIFT_PPM * 1e-6) < 6 * answer.drift_error

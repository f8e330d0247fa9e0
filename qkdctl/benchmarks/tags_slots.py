"""Gating and sifting at 1 GHz: clicks to slots, then equal bases; both parties' work, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.bits import Bits
from qkdctl.benchmarks.case import Case, Run
from qkdctl.benchmarks.optional import compiled

N = 2**16
PERIOD_PS, GATE_PS = 1000.0, 500.0
MEAN_PS = 100_000.0
"""Between clicks: 10 Mcps."""


class Work(NamedTuple):
    """Bob's clicks and bases, Alice's states."""

    time_ps: NDArray[np.int64]
    basis: NDArray[np.uint8]
    states: NDArray[np.uint8]


class Sifted(NamedTuple):
    """Slots of Bob's detections, which of them match, and the states behind those."""

    slot: NDArray[np.uint32]
    match: NDArray[np.uint8]
    kept: NDArray[np.uint8]


def cases() -> Iterator[Case]:
    """A block of 64 Ki clicks: half lie near the centres of their slots, half anywhere."""
    rng = np.random.default_rng(1)
    slot = np.cumsum(rng.exponential(MEAN_PS / PERIOD_PS, N)).astype(np.int64)
    jitter = np.where(rng.random(N) < 0.5, rng.normal(0, 60, N), rng.uniform(-500, 500, N))
    time_ps = np.sort(np.rint(slot * PERIOD_PS + jitter).astype(np.int64))
    states = rng.integers(0, 16, int(slot[-1]) + 2).astype(np.uint8)
    work = Work(time_ps, rng.integers(0, 2, N).astype(np.uint8), states)
    yield Case(
        "64 Ki clicks gated to 1 GHz slots and sifted",
        N / 1e6,
        "Mtags/s",
        partial(_sift, work),
        partial(_check, work),
        "gate_slots",
        _peers(work),
        clock=process_time,
    )


def _sift(work: Work) -> Sifted:
    gated = kernels.gate_slots(
        work.time_ps,
        0,
        centre_ps=0.0,
        period_ps=PERIOD_PS,
        half_gate_ps=GATE_PS / 2,
        n_slots=len(work.states),
    )
    basis = Bits.from_array(work.basis[gated.which])
    match, kept = kernels.match_bases(work.states, gated.slot, basis)
    return Sifted(gated.slot, match.packed, kept)


def _check(work: Work, answer: object) -> None:
    assert isinstance(answer, Sifted)
    expected = _by_numpy(work)
    assert np.array_equal(answer.slot, expected.slot)
    assert np.array_equal(answer.match, expected.match)
    assert np.array_equal(answer.kept, expected.kept)


def _by_numpy(work: Work) -> Sifted:
    place = np.rint(work.time_ps / PERIOD_PS)
    slot = place.astype(np.int64)
    inside = np.abs(work.time_ps - place * PERIOD_PS) <= GATE_PS / 2
    which = np.flatnonzero(inside & (slot >= 0) & (slot < len(work.states)))
    which = which[np.diff(slot[which], prepend=-1) > 0]
    states = work.states[slot[which]]
    match = (states & 1) == work.basis[which]
    return Sifted(slot[which].astype(np.uint32), np.packbits(match, bitorder="little"), states[match])


def _peers(work: Work) -> dict[str, Run]:
    peers: dict[str, Run] = {"numpy": partial(_by_numpy, work)}
    loop = compiled(_loop)
    if loop is not None:
        peers["numba"] = partial(_by_loop, loop, work)
    return peers


def _by_loop(loop: Callable[..., Any], work: Work) -> Sifted:
    slot, match, kept = np.empty(N, np.uint32), np.empty(N, np.uint8), np.empty(N, np.uint8)
    detections, matches = loop(*work, slot, match, kept)
    return Sifted(slot[:detections], np.packbits(match[:detections], bitorder="little"), kept[:matches])


def _loop(
    time_ps: NDArray[np.int64],
    basis: NDArray[np.uint8],
    states: NDArray[np.uint8],
    slot: NDArray[np.uint32],
    match: NDArray[np.uint8],
    kept: NDArray[np.uint8],
) -> tuple[int, int]:
    last, detections, matches = -1, 0, 0
    for i in range(len(time_ps)):
        place = np.rint(time_ps[i] / PERIOD_PS)
        here = int(place)
        inside = abs(time_ps[i] - place * PERIOD_PS) <= GATE_PS / 2
        if inside and last != here and 0 <= here < len(states):
            last = here
            state = states[here]
            same = state & 1 == basis[i]
            slot[detections], match[detections] = here, same
            kept[matches] = state
            detections, matches = detections + 1, matches + same
    return detections, matches

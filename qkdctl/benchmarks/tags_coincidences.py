"""Coincidences of two parties' events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from qkdctl.benchmarks.case import Case, Run
from qkdctl.benchmarks.optional import compiled

N = 10**7
WINDOW_PS = 500


def cases() -> Iterator[Case]:
    """Two streams of 10 MHz that share every fifth event."""
    rng = np.random.default_rng(1)
    a, b = (np.cumsum(rng.integers(1, 200_000, N)) for _ in range(2))
    b = np.sort(np.where(rng.random(N) < 0.2, a + rng.integers(-200, 201, N), b))
    yield Case(
        "coincidences of 2 x 10 M tags, ±500 ps",
        2 * N / 1e6,
        "Mtags/s",
        lambda: kernels.coincidences(a, b, WINDOW_PS),
        lambda answer: _check(answer, a, b),
        "coincidences",
        _peers(a, b),
        clock=process_time,
    )


def _peers(a: NDArray[np.int64], b: NDArray[np.int64]) -> dict[str, Run]:
    peers: dict[str, Run] = {"numpy searchsorted (all pairs)": lambda: _by_searchsorted(a, b)}
    loop = compiled(_merge)
    if loop is not None:
        peers["numba"] = lambda: _by_merge(loop, a, b)
    return peers


def _by_merge(
    loop: Callable[..., Any], a: NDArray[np.int64], b: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    first, second = np.empty(len(a), np.uint32), np.empty(len(a), np.uint32)
    pairs = loop(a, b, WINDOW_PS, first, second)
    return first[:pairs], second[:pairs]


def _merge(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    window_ps: int,
    first: NDArray[np.uint32],
    second: NDArray[np.uint32],
) -> int:
    i = j = pairs = 0
    while i < len(a) and j < len(b):
        later = b[j] - a[i]
        if -window_ps <= later <= window_ps:
            first[pairs], second[pairs] = i, j
            pairs, i, j = pairs + 1, i + 1, j + 1
        elif later > 0:
            i += 1
        else:
            j += 1
    return pairs


def _check(answer: object, a: NDArray[np.int64], b: NDArray[np.int64]) -> None:
    """Pairs are within the window and one to one, and no tag without a partner has a free one in reach."""
    assert isinstance(answer, tuple)
    first, second = (np.asarray(part).astype(np.int64) for part in answer)
    assert (np.abs(a[first] - b[second]) <= WINDOW_PS).all()
    if len(np.unique(first)) < len(first):
        return
    free_a = np.delete(a, first)
    free_b = np.delete(b, second)
    nearest = np.searchsorted(free_b, free_a - WINDOW_PS)
    inside = nearest < len(free_b)
    assert not (free_b[nearest[inside]] <= free_a[inside] + WINDOW_PS).any()


def _by_searchsorted(
    a: NDArray[np.int64], b: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs within the window: less work than one to one, the usual NumPy way."""
    first = np.searchsorted(b, a - WINDOW_PS)
    last = np.searchsorted(b, a + WINDOW_PS, side="right")
    partners = last - first
    index = np.repeat(np.arange(len(a)), partners)
    start = np.cumsum(partners) - partners
    return index, np.arange(len(index)) - np.repeat(start, partners) + np.repeat(first, partners)

"""Decoding T2 records to times in ps and channels, in chunks that stay in the cache and through memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from qkdctl.benchmarks.case import Case, Run
from qkdctl.benchmarks.optional import compiled, package

CHUNK, WHOLE = 2**15, 2**23
TICK_PS = 5
WRAP, CODE = 2**25, 127
MEAN_TICKS = 200_000
"""Ticks between records: 1 Mcps."""

Tags = tuple[NDArray[np.int64], NDArray[np.uint8]]


def cases() -> Iterator[Case]:
    """1 Mcps on four channels: a wrap in 168 records."""
    records = _records(np.random.default_rng(1))
    yield Case(
        "T2 records decoded, chunks of 32 Ki in the cache",
        CHUNK / 1e6,
        "Mtags/s",
        partial(_decode, records[:CHUNK]),
        partial(_check, records[:CHUNK]),
        "decode_t2",
        _peers(records[:CHUNK]),
        clock=process_time,
    )
    yield Case(
        "T2 records decoded, 8 Mi through memory",
        WHOLE / 1e6,
        "Mtags/s",
        partial(_decode, records),
        partial(_check, records),
        "decode_t2",
        clock=process_time,
    )


def _records(rng: np.random.Generator) -> NDArray[np.uint32]:
    time = np.cumsum(rng.exponential(MEAN_TICKS, WHOLE).astype(np.int64))
    wraps = np.diff(time // WRAP, prepend=0)
    at = np.flatnonzero(wraps)
    records = (rng.integers(0, 4, WHOLE) << 25 | time % WRAP).astype(np.uint32)
    return np.insert(records, at, (CODE << 25 | wraps[at]).astype(np.uint32))[:WHOLE]


def _decode(records: NDArray[np.uint32]) -> Tags:
    return kernels.decode_t2(records, 0, wrap=WRAP, counted=True, tick=TICK_PS)[:2]


def _check(records: NDArray[np.uint32], answer: object) -> None:
    assert isinstance(answer, tuple)
    time, channel = _by_numpy(records)
    assert np.array_equal(answer[0], time)
    assert np.array_equal(answer[1], channel)


def _by_numpy(records: NDArray[np.uint32]) -> Tags:
    code, low = records >> 25, (records & (WRAP - 1)).astype(np.int64)
    wraps = code == CODE
    count = np.cumsum(np.where(wraps, np.maximum(low, 1), 0))
    time = (count * WRAP + low)[~wraps] * TICK_PS
    return time, (code[~wraps] + 1).astype(np.uint8)


def _peers(records: NDArray[np.uint32]) -> dict[str, Run]:
    peers: dict[str, Run] = {"numpy": partial(_by_numpy, records)}
    loop = compiled(_loop)
    if loop is not None:
        peers["numba"] = partial(_by_loop, loop, records)
    if package("ptufile") is not None:
        peers["ptufile"] = partial(_by_ptufile, records)
    return peers


def _by_loop(loop: Callable[..., Any], records: NDArray[np.uint32]) -> Tags:
    time, channel = np.empty(len(records), np.int64), np.empty(len(records), np.uint8)
    tags = loop(records, time, channel)
    return time[:tags], channel[:tags]


def _loop(records: NDArray[np.uint32], time: NDArray[np.int64], channel: NDArray[np.uint8]) -> int:
    base, tags = np.int64(0), 0
    for record in records:
        low, code = np.int64(record & np.uint32(WRAP - 1)), record >> np.uint32(25)
        if code == CODE:
            base += WRAP * max(low, np.int64(1))
        else:
            time[tags] = (base + low) * TICK_PS
            channel[tags] = code + 1
            tags += 1
    return tags


def _by_ptufile(records: NDArray[np.uint32]) -> Tags:
    """Its decoder alone, without its reading of files; it gives ticks, and wraps as entries of their own."""
    ptufile = package("ptufile")
    decoded = np.zeros(len(records), ptufile.T2_RECORD_DTYPE).view(np.recarray)
    package("ptufile._ptufile").decode_t2_records(decoded, records, int(ptufile.PtuRecordType.GenericT2))
    photons = decoded[decoded["channel"] >= 0]
    return photons["time"].astype(np.int64) * TICK_PS, (photons["channel"] + 1).astype(np.uint8)

"""Records of instruments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.kernels.arguments import room, to_fill, to_read, vector
from postproc.kernels.dispatch import table

_FRAME_TAGS, _HEAD_BYTES = 512, 4
_FRAME_BYTES = _HEAD_BYTES + 64 * 64 + 8 * 64


def decode_t2(
    records: NDArray[np.uint32], wraps: int, *, wrap: int, counted: bool, tick: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8], int]:
    """Decode T2 records of PicoQuant's instruments, PicoHarp 300 apart.

    Parameters
    ----------
    records : array of uint32, shape (n,)
    wraps : int
        Wraps of the time before the first record.
    wrap : int
        Ticks of a wrap, 1 to 2**25.
    counted : bool
        Whether a record may stand for several wraps.
    tick : int
        What a tick counts in the output, 1 to 2**31 - 1.

    Returns
    -------
    time : array of int64, shape (tags,)
        ``(wraps * wrap + time) * tick``, modulo 2**64 if the caller lets it come so far.
    channel : array of uint8, shape (tags,)
        0 the sync input, *k* + 1 input *k*, 128 + *k* the markers *k*.
    wraps : int
        After the last record.

    Raises
    ------
    InputError
        If a parameter is out of range.
    """
    records = vector(records, np.uint32, "records")
    if not (0 <= wraps < 2**62 and 1 <= wrap <= 2**25 and 1 <= tick < 2**31):
        raise InputError(
            f"T2 records take wraps below 2**62 of 1 to 2**25 ticks of 1 to 2**31 - 1, got {wraps}, {wrap}, {tick}"
        )
    time, channel = room(len(records), np.int64), room(len(records), np.uint8)
    carried = np.array([wraps], np.uint64)
    tags = table().decode_t2(
        to_read(records), len(records), wrap, counted, tick, to_fill(carried), to_fill(time), to_fill(channel)
    )
    return time[:tags], channel[:tags], int(carried[0])


def pack_tags(time_ps: NDArray[np.int64], channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pack time tags into few bytes, as recordings keep them; ``csrc/pack_tags/frame.h`` says how.

    Parameters
    ----------
    time_ps : array of int64, shape (n,)
        Best ascending: a step back takes 64 bits, and so does each of the 511 tags around it.
    channel : array of uint8, shape (n,)

    Returns
    -------
    array of uint8

    Raises
    ------
    InputError
        If the lengths differ.
    """
    time_ps, channel = vector(time_ps, np.int64, "time_ps"), vector(channel, np.uint8, "channel")
    if len(time_ps) != len(channel):
        raise InputError(f"{len(time_ps)} times and {len(channel)} channels do not match")
    out = room(8 + _FRAME_BYTES * -(-len(time_ps) // _FRAME_TAGS), np.uint8)
    return out[: table().pack_tags(to_read(time_ps), to_read(channel), len(time_ps), to_fill(out))]


def unpack_tags(packed: NDArray[np.uint8], n: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Unpack what `pack_tags` packed.

    Parameters
    ----------
    packed : array of uint8
        Any bytes.
    n : int
        Number of tags, at most 2**32.

    Returns
    -------
    time_ps : array of int64, shape (n,)
    channel : array of uint8, shape (n,)

    Raises
    ------
    InputError
        If the bytes are not so many packed tags.
    """
    packed = vector(packed, np.uint8, "packed")
    frames = -(-n // _FRAME_TAGS)
    if not 0 <= n <= 2**32 or len(packed) < _HEAD_BYTES * frames:
        raise InputError(f"{len(packed)} bytes do not hold {n} packed time tags")
    time_ps, channel = room(n, np.int64), room(n, np.uint8)
    if table().unpack_tags(to_read(packed), len(packed), n, to_fill(time_ps), to_fill(channel)):
        raise InputError(f"{len(packed)} bytes are not {n} packed time tags: they are damaged")
    return time_ps, channel

"""Ascending integers in few bits, for the wire: slots and times of detections, mostly.

Rice's code for the steps between them, in two parts so that it takes no loop over bits: a step s becomes
``s >> k`` in unary (so many zeros and a one) in the first part, and its k low bits in the second. With k from the
mean step this is within 1 % of the entropy of detections at random times.

::

    8 bytes   first integer
    4 bytes   how many steps follow it
    1 byte    k
    ...       unary parts, to a whole byte
    ...       low bits, k for each step, to a whole byte

All is little-endian, unused bits are zero.

References
----------
R. F. Rice, "Some practical universal noiseless coding techniques", JPL 79-22 (1979); the split is that of P. Elias,
J. ACM 21, 246 (1974).
"""

from __future__ import annotations

from math import log2
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from postproc.kernels import ascending as coder

#: Coded arrays are not smaller than by this factor, so that no message fills the memory of who decodes it.
MOST_GAIN: Final = 16

#: Shorter arrays are not worth it.
LEAST: Final = 48


def pack_ascending(values: NDArray[Any]) -> bytes | None:
    """Encode integers that do not descend.

    Parameters
    ----------
    values : array of uint32 or int64, shape (n,)

    Returns
    -------
    bytes or None
        None where they descend somewhere, or the code would not make them smaller by a factor from 1 to
        `MOST_GAIN`.
    """
    if not LEAST <= len(values) < 2**32:
        return None
    reach = int(values[-1]) - int(values[0])
    if not 0 <= reach < 2**62 or _descends_soon(values):
        return None
    packed = coder.pack_ascending(
        values.astype(np.int64), _low_bits(reach, len(values) - 1), values.nbytes - 1
    )
    if packed is None or values.nbytes > MOST_GAIN * len(packed):
        return None
    return packed.tobytes()


def _descends_soon(values: NDArray[Any]) -> bool:
    """Whether the first few descend: most arrays that do say so at once."""
    few = values[:LEAST]
    return bool((few[1:] < few[:-1]).any())


def _low_bits(reach: int, steps: int) -> int:
    """Give k: for steps of any mean, it or one more is the best."""
    return min(coder.MOST_LOW_BITS - 1, int(log2(max(0.69 * reach / steps, 1))))


def unpack_ascending(data: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Decode what `pack_ascending` encoded.

    Raises
    ------
    ValueError
        If the bytes are anything else, or do not fit the type.
    """
    first, count = int.from_bytes(data[:8], "little", signed=True), int.from_bytes(data[8:12], "little")
    low_bits = data[12] if len(data) >= coder.HEAD_BYTES else coder.MOST_LOW_BITS + 1
    if (
        low_bits > coder.MOST_LOW_BITS
        or 8 * (len(data) - coder.HEAD_BYTES) < count * low_bits
        or count * dtype.itemsize > MOST_GAIN * len(data)
    ):
        raise ValueError("a list of ascending numbers is cut short or damaged")
    bounds = np.iinfo(dtype)
    if not bounds.min <= first <= bounds.max:
        raise ValueError(f"a list of ascending numbers from {first} on does not fit {dtype}")
    coded = np.frombuffer(data, np.uint8)[coder.HEAD_BYTES :]
    values = coder.unpack_ascending(coded, low_bits, first, int(bounds.max), count)
    if values is None:
        raise ValueError(f"a list of ascending numbers is damaged, or does not fit {dtype}")
    return values.astype(dtype, copy=False)

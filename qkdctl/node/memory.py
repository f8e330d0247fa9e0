"""What memory this process uses, apart from what its C library keeps for later.

What the system counts for a process wanders by tens of megabytes over hours: freed arrays stay with the process as
long as something behind them is in use, and where that lies is chance. Whether memory is lost shows in what is in use.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

M_MMAP_THRESHOLD = -3
"""See mallopt(3)."""

ARRAY_BYTES = 2**14
"""What is larger comes from the system, and goes back to it, by itself."""

OBJECT_BYTES = 512
"""An object of Python that the C library is not asked for has at most so many."""


class InUse(NamedTuple):
    """What a process has asked for and not given back.

    Attributes
    ----------
    allocated_bytes : int
        From the C library, arrays of all sizes included.
    objects : int
        Small objects of Python, for which it keeps memory of its own: at most 512 bytes each.
    """

    allocated_bytes: int
    objects: int


class _Counters(ctypes.Structure):
    """``struct mallinfo2``; see mallinfo(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def in_use() -> InUse | None:
    """Count; None where the C library does not say (all but glibc, from 2.33 on)."""
    mallinfo = _mallinfo()
    if mallinfo is None:
        return None
    counters = mallinfo()
    return InUse(counters.uordblks + counters.hblkhd, sys.getallocatedblocks())


def give_arrays_back() -> bool:
    """Have arrays go back to the system when they are freed, for a process through which many of all sizes pass.

    By itself glibc does so only until the first large one was freed. From then on they lie between what is still in
    use, and what the process holds creeps up for hours with each rare moment at which more of them were there than ever
    before. A fresh array costs more than a used one, some 0.1 ms a MiB: too much for kernels, and nothing for tags.

    Returns
    -------
    bool
        Whether the C library can do it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(M_MMAP_THRESHOLD, ARRAY_BYTES) == 1


@cache
def _mallinfo() -> Callable[[], _Counters] | None:
    # Once: each opened library makes classes, which stay until they are collected, and would be counted.
    found = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if found is not None:
        found.restype = _Counters
    return found

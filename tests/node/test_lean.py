"""What is freed goes back to the system, wherever something that stays lies behind it."""

from ctypes import CDLL, c_size_t, c_void_p, memset
from pathlib import Path
from threading import enumerate as threads
from time import monotonic, sleep

import pytest

from qkdctl import lean

LIBRARY = CDLL(None)
PIECE = 64 * 1024
PIECES = 1000

pytestmark = pytest.mark.skipif(not hasattr(LIBRARY, "malloc_trim"), reason="this C library is not glibc")


def memory_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def allocate(size: int) -> c_void_p:
    malloc = LIBRARY.malloc
    malloc.restype, malloc.argtypes = c_void_p, [c_size_t]
    place = c_void_p(malloc(size))
    memset(place, 1, size)
    return place


def test_gaps_are_given_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lean, "EVERY_S", 0.01)
    pieces = [allocate(PIECE) for _ in range(PIECES)]
    stays = allocate(PIECE)
    for piece in pieces:
        LIBRARY.free(piece)
    held = memory_bytes()
    with lean.lean():
        until = monotonic() + 60
        while memory_bytes() > held - PIECE * PIECES // 2 and monotonic() < until:
            sleep(0.01)
        assert memory_bytes() <= held - PIECE * PIECES // 2
    assert "lean" not in [thread.name for thread in threads()]
    LIBRARY.free(stays)

"""The stand-ins for PicoQuant's libraries, built and looked into."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import cffi
import numpy as np
import pytest

SOURCE = Path(__file__).with_name("harp_stand_in.c")
FILES = {
    "picoquant-multiharp": ("MULTIHARP", "libmh150.so"),
    "picoquant-hydraharp": ("HYDRAHARP", "libhh400.so"),
}
NUMBERS = "flags warnings fail scripted count open mode clock running"
INSIDE = "\n".join(
    [f"extern int standin_{name};" for name in NUMBERS.split()]
    + ["extern char standin_version[16];", "extern unsigned int standin_records[4096];"]
    + ["extern int standin_levels[4];", "extern int standin_edges[4];"]
)


@cache
def built(driver: str) -> Path:
    """Compile a stand-in, once a session."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    which, name = FILES[driver]
    library = Path(mkdtemp(prefix="harp-")) / name
    command = [
        compiler,
        "-O1",
        "-Wall",
        "-Werror",
        "-shared",
        "-fPIC",
        f"-D{which}",
        "-o",
        library,
        SOURCE,
        "-lm",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return library


@dataclass
class Inside:
    """The inside of a stand-in."""

    file: Path
    library: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.library, f"standin_{name}")

    def put(self, name: str, value: Any) -> None:
        setattr(self.library, f"standin_{name}", value)

    def script(self, *records: int) -> None:
        """Give these records next, and no clicks of its own."""
        self.put("scripted", 1)
        for place, record in enumerate(records):
            self.records[place] = record
        self.put("count", len(records))

    def reset(self) -> None:
        for name in ("flags", "warnings", "fail", "scripted", "count", "open", "running"):
            self.put(name, 0)


def inside(driver: str) -> Inside:
    """Look into one; it is the same one for whoever loads the file."""
    ffi = cffi.FFI()
    ffi.cdef(INSIDE)
    found = Inside(built(driver), ffi.dlopen(str(built(driver))))
    found.reset()
    return found


def click(channel: int, ticks: int) -> int:
    return channel << 25 | ticks


def wraps(count: int) -> int:
    return 0x7F << 25 | count


def marker(lines: int, ticks: int) -> int:
    return 1 << 31 | lines << 25 | ticks


def sync(ticks: int) -> int:
    return marker(0, ticks)


def decoded(records: list[int]) -> tuple[np.ndarray, np.ndarray, int]:
    """Slowly: the ticks and inputs of clicks, and the last time that is known."""
    past, times, channels, last = 0, [], [], 0
    for record in records:
        if record >> 25 == 0x7F:
            past += (record & 0x1FFFFFF) * 2**25
            last = past
            continue
        last = past + (record & 0x1FFFFFF)
        if not record >> 31:
            times.append(last)
            channels.append(record >> 25)
    return np.array(times, np.int64), np.array(channels, np.uint8), last

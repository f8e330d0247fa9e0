"""A bench with nothing but clicks, as many as are asked for, and a rack in a process of its own: for figures.

``python -m tests.drivers.steady DRIVER RATE_HZ`` hosts a tagger until its standard input ends.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from drivers.configuration import InstrumentConfig
from drivers.emulation.bench.timeline import BLOCK_PS, begin_ps, begin_s, block_at
from drivers.emulation.rack import Rack
from drivers.emulation.seams import Clicks

SEED = 7


class SteadyCables:
    """Cables on which the same stretch of clicks comes again and again."""

    pulse_v = 2.0

    def __init__(self, rate_hz: float) -> None:
        random = np.random.default_rng(SEED)
        self.per_block = round(rate_hz * BLOCK_PS / 1e12)
        # Sorted and distinct in units of 2 ns, so that no two share a word of the TDC1.
        units = np.sort(random.choice(BLOCK_PS // 2000, self.per_block, replace=False))
        self._times = units.astype(np.int64) * 2000
        self._inputs = random.integers(0, 4, self.per_block).astype(np.uint8)
        self._next = 0

    def begin(self, now_s: float) -> None:
        self._next = block_at(now_s)

    def clicks(self, now_s: float) -> Clicks:
        blocks = range(self._next, block_at(now_s))
        self._next = max(self._next, block_at(now_s))
        times = [self._times + begin_ps(block) for block in blocks]
        empty = np.empty(0, np.int64)
        inputs = np.tile(self._inputs, len(blocks))
        return Clicks(np.concatenate([empty, *times]), inputs, begin_ps(self._next))

    def trigger(self, now_s: float, level_v: float) -> None:
        pass

    def pulses(self, begin_s: float, end_s: float) -> tuple[int, ...]:
        return (0, 0, 0, 0)

    def next_s(self) -> float:
        return begin_s(self._next + 1)


class SteadyBench:
    """A bench with only these cables."""

    knobs: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, rate_hz: float) -> None:
        self._cables = SteadyCables(rate_hz)

    def seams(self, party: str) -> dict[str, Any]:
        return {"tagger": self._cables}


def main() -> None:
    driver, rate_hz = sys.argv[1:]
    tagger = InstrumentConfig(driver=driver)
    with Rack(SteadyBench(float(rate_hz)), {"bob": {"tagger": tagger}}) as rack:
        print(json.dumps(rack.addresses["bob.tagger"]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

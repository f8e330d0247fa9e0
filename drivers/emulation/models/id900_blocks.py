"""What the ID900's blocks make of clicks: who is linked to whom, histograms, references of raw tags.

Sources: Time Controller Series user manual (inputs, delays, combiners 5 to 8 that forward inputs 1 to 4, generators,
histograms of STOP after REF); the vendor's examples. A block that is linked to nothing has the link that a new
instrument has. Invented: that combiners only forward their first input, and windows and coincidences have no effect;
that nothing is connected to START; what a generator's pulses look like, and that there are at most a million of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
#: Tells a setting, given its header and number.
Setting = Callable[[str, int], str]
NOTHING = np.empty(0, np.int64)
HISTOGRAMS, INPUTS = 4, 4
MOST_BINS, MOST_PULSES = 16_384, 1_000_000
#: Combiners and delays from here on forward input 1 and its followers if nothing else is linked to them.
FORWARDING = 5
_LINK = re.compile(r"([A-Z]+)(\d*)$")
#: Links that lead through other links further than this lead nowhere.
_DEEPEST = 8


class Acquisition(NamedTuple):
    """Clicks of a sub-acquisition, from its beginning.

    Attributes
    ----------
    inputs : mapping of int to array of int64
        Ascending times in ps, by input.
    width_ps : int
    """

    inputs: Mapping[int, Times]
    width_ps: int


class Blocks:
    """The blocks that are linked to each other.

    Parameters
    ----------
    setting : callable
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._counts = {number: np.zeros(MOST_BINS, np.int64) for number in range(1, HISTOGRAMS + 1)}

    def input_of(self, link: str, depth: int = 0) -> int:
        """Tell which input a link leads to in the end; 0 for none."""
        found = _LINK.match(link)
        name, number = (found[1][:4], int(found[2] or 0)) if found else ("", 0)
        if name == "INPU":
            return number
        if depth < _DEEPEST and (onward := self._onward(name, number)) is not None:
            return self.input_of(onward, depth + 1)
        return 0

    def events(self, link: str, run: Acquisition, depth: int = 0) -> Times:
        """Give when a block has pulses."""
        found = _LINK.match(link)
        name, number = (found[1][:4], int(found[2] or 0)) if found else ("", 0)
        if name == "INPU":
            return run.inputs.get(number, NOTHING)
        if name == "REC":
            return np.zeros(1, np.int64)
        if name == "GEN":
            return self._pulses(number, run.width_ps)
        onward = self._onward(name, number)
        if onward is None or depth >= _DEEPEST:
            return NOTHING
        times = self.events(onward, run, depth + 1)
        delay_ps = _number(self._setting("DELAy#8:VALUe", number)) if name == "DELA" else 0
        return times + delay_ps if delay_ps else times

    def flush(self, histogram: int) -> None:
        """Empty a histogram."""
        self._counts[histogram][:] = 0

    def histogram(self, histogram: int) -> list[int]:
        """Give the counts of its bins."""
        bins = int(self._setting("HISTogram#4:BCOUnt", histogram))
        return [int(count) for count in self._counts[histogram][:bins]]

    def count(self, run: Acquisition) -> None:
        """Put a sub-acquisition into all histograms."""
        for number, counts in self._counts.items():
            reference, stop = (self._setting(f"HISTogram#4:{name}:LINK", number) for name in ("REF", "STOP"))
            if "NONE" in (reference, stop):
                continue
            after, _ = since(self.events(reference, run), self.events(stop, run))
            width, least = (
                _number(self._setting(f"HISTogram#4:{name}", number)) for name in ("BWIDth", "MINimum")
            )
            bins = (after[after >= least] - least) // max(width, 1)
            most = int(self._setting("HISTogram#4:BCOUnt", number))
            counts[:most] += np.bincount(bins[bins < most], minlength=most)

    def raw(self, channel: int, run: Acquisition) -> tuple[Times, Times]:
        """Give a channel's tags, since their references if there are any, and the references' numbers."""
        stop, reference = (self._setting(f"RAW#4:{name}:LINK", channel) for name in ("STOP", "REF"))
        times = self.events(f"INPU{channel}" if stop == "NONE" else stop, run)
        return (times, NOTHING) if reference == "NONE" else since(self.events(reference, run), times)

    def _onward(self, name: str, number: int) -> str | None:
        """Tell what a block that only hands on is linked to."""
        if name == "DELA":
            link = self._setting("DELAy#8:LINK", number)
            return f"INPU{number}" if link == "NONE" and number <= INPUTS else link
        if name == "TSCO":
            link = self._setting("TSCOmbiner#12:FIRst:LINK", number)
            forwards = FORWARDING <= number < FORWARDING + INPUTS
            return f"DELA{number - FORWARDING + 1}" if link == "NONE" and forwards else link
        return None

    def _pulses(self, number: int, width_ps: int) -> Times:
        period_ps = _number(self._setting("GEN#8:PPERiod", number))
        if self._setting("GEN#8:ENABle", number) != "ON" or period_ps <= 0:
            return NOTHING
        wanted = self._setting("GEN#8:PNUMber", number)
        most = MOST_PULSES if wanted == "INF" else min(int(wanted), MOST_PULSES)
        times: Times = np.arange(min(-(-width_ps // period_ps), most), dtype=np.int64) * period_ps
        return times


def since(references: Times, times: Times) -> tuple[Times, Times]:
    """Give times since the last reference before them, and its number; what comes before the first is left out."""
    number = np.searchsorted(references, times, side="right") - 1
    after = number >= 0
    number = number[after]
    return times[after] - references[number] if len(number) else NOTHING, number


def _number(text: str) -> int:
    return int(text.removesuffix("TB"))

"""The adapter to Swabian's library, against a stand-in of the same interface."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from drivers.errors import AddressError, ConnectionFailed, InstrumentError, LimitError, NoAnswer, UnknownName
from drivers.identity import is_emulated
from drivers.registry import open_instrument
from drivers.time_taggers.swabian import ERROR, MISSED, OVERFLOW_BEGIN, OVERFLOW_END, TIME_TAG
from postproc.timetags.types import Gap

START_PS = 5_000_000


def buffer(until_ps: int, *events: tuple[int, int, int, int]) -> SimpleNamespace:
    """What a stream gives: events of time, channel, kind and missed events."""
    columns = [np.array([event[k] for event in events], np.int64) for k in range(4)]
    return SimpleNamespace(
        tStart=START_PS,
        tGetData=START_PS + until_ps,
        getTimestamps=lambda: columns[0] + START_PS,
        getChannels=lambda: columns[1],
        getEventTypes=lambda: columns[2],
        getMissedEvents=lambda: columns[3],
    )


class Library(ModuleType):
    """Stands in for ``Swabian.TimeTagger``."""

    def __init__(self) -> None:
        super().__init__("Swabian.TimeTagger")
        self.buffers: list[SimpleNamespace] = []
        self.levels = dict.fromkeys((1, 2, 3, 4), 0.5)
        self.freed = 0

    def createTimeTagger(self, serial: str) -> Any:  # noqa: N802
        if serial == "gone":
            raise RuntimeError("No Time Tagger attached")
        return SimpleNamespace(
            getModel=lambda: "Time Tagger Ultra",
            getSerial=lambda: f"EMU{serial}",
            getTriggerLevel=self.levels.__getitem__,
            setTriggerLevel=self.levels.__setitem__,
            getOverflows=lambda: 0,
        )

    def freeTimeTagger(self, tagger: Any) -> None:  # noqa: N802
        self.freed += 1

    def TimeTagStream(self, tagger: Any, n: int, channels: list[int]) -> Any:  # noqa: N802
        assert channels == [1, 2, 3, 4]
        last = buffer(0)

        def get() -> SimpleNamespace:
            nonlocal last
            last = self.buffers.pop(0) if self.buffers else buffer(last.tGetData - START_PS)
            return last

        return SimpleNamespace(getData=get, stop=lambda: None)

    def Countrate(self, tagger: Any, channels: list[int]) -> Any:  # noqa: N802
        return SimpleNamespace(
            startFor=lambda ps: None, waitUntilFinished=lambda: None, getData=lambda: np.array([1.0, 2, 3, 4])
        )


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setitem(sys.modules, "Swabian", ModuleType("Swabian"))
    monkeypatch.setitem(sys.modules, "Swabian.TimeTagger", library)
    return library


def opened(**settings: float) -> Any:
    return open_instrument("bob.tagger", "swabian-timetagger", "sdk:7", settings)


def test_tags_come_on_a_time_of_their_own_and_spans_join(library: Library) -> None:
    library.buffers = [buffer(1000, (10, 1, TIME_TAG, 0), (900, 4, TIME_TAG, 0)), buffer(3000)]
    with opened() as tagger:
        tagger.start()
        first, second = tagger.read(1.0), tagger.read(1.0)
    assert (first.start_ps, first.stop_ps, second.start_ps, second.stop_ps) == (0, 1000, 1000, 3000)
    assert first.time_ps.tolist() == [10, 900]
    assert first.channel.tolist() == [0, 3]
    assert len(second) == 0


def test_an_overflow_is_a_gap_across_chunks(library: Library) -> None:
    library.buffers = [
        buffer(1000, (10, 1, TIME_TAG, 0), (500, 0, OVERFLOW_BEGIN, 0)),
        buffer(2000, (1400, 2, MISSED, 7), (1500, 0, OVERFLOW_END, 0), (1600, 2, TIME_TAG, 0)),
        buffer(3000, (2100, 0, ERROR, 0)),
    ]
    with opened() as tagger:
        tagger.start()
        gaps = [tagger.read(1.0).gaps for _ in range(3)]
    assert gaps == [
        (Gap(500, 999, "overflow"),), (Gap(1000, 1500, "overflow", 7),), (Gap(2100, 2100, "unknown"),),
    ]  # fmt: skip


def test_a_stream_that_stands_still_is_told(library: Library) -> None:
    with opened() as tagger:
        tagger.start()
        with pytest.raises(NoAnswer, match=r"^bob.tagger: its stream stands still"):
            tagger.read(0.05)
        with pytest.raises(InstrumentError, match="start one first"):
            tagger.read(0.05)


def test_it_is_set_identified_and_given_back(library: Library) -> None:
    with opened(threshold_v=1.25) as tagger:
        assert library.levels == dict.fromkeys((1, 2, 3, 4), 1.25)
        assert is_emulated(tagger.identity()) == "yes"
        assert tagger.count_rates_hz() == (1.0, 2.0, 3.0, 4.0)
        assert all(finding.good for finding in tagger.self_test())
        with pytest.raises(LimitError):
            tagger.threshold_v = 9.0
        library.levels[2] = 0.0
        with pytest.raises(InstrumentError, match="different thresholds"):
            _ = tagger.threshold_v
    assert library.freed == 1


def test_what_is_missing_is_told(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConnectionFailed, match=r"^bob.tagger: the vendor's library does not reach it"):
        open_instrument("bob.tagger", "swabian-timetagger", "sdk:gone")
    with pytest.raises(AddressError, match="should be sdk:SERIAL"):
        open_instrument("bob.tagger", "swabian-timetagger", "file:///dev/null")
    monkeypatch.setitem(sys.modules, "Swabian.TimeTagger", None)
    with pytest.raises(UnknownName, match="pip install Swabian-TimeTagger"):
        opened()

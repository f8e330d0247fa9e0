"""The adapters to vendors' libraries agree with what is behind them, after any sequence of operations."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from drivers.errors import DataLost, DriverError, InstrumentError, NoAnswer
from drivers.registry import open_instrument
from drivers.time_taggers.swabian import MISSED, OVERFLOW_BEGIN, OVERFLOW_END, TIME_TAG
from tests.drivers.time_taggers.harps import FILES, Inside, built, click, decoded, inside, wraps
from tests.drivers.time_taggers.test_swabian import Library, buffer

SETTINGS = settings(max_examples=15, stateful_step_count=15, deadline=None, derandomize=True)
steps = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 4)), max_size=6)


class Swabian(RuleBasedStateMachine):
    """All tags that the library gives come out once, in order, on spans that join; overflows are gaps."""

    @initialize()
    def open_it(self) -> None:
        self.library = Library()
        self.patched = patch.dict(
            sys.modules, {"Swabian": ModuleType("Swabian"), "Swabian.TimeTagger": self.library}
        )
        self.patched.start()
        self.tagger: Any = open_instrument("bob.tagger", "swabian-timetagger", "sdk:7", {"threshold_v": 0.5})
        self.level_v, self.recording, self.at_ps, self.seen_ps, self.lost = 0.5, False, 0, 0, 0

    @rule(level_v=st.floats(-2.5, 2.5))
    def set_threshold(self, level_v: float) -> None:
        self.tagger.threshold_v = self.level_v = level_v

    @rule()
    def start(self) -> None:
        if self.recording:
            with pytest.raises(InstrumentError, match="runs already"):
                self.tagger.start()
            return
        self.tagger.start()
        self.library.buffers.clear()
        self.recording, self.at_ps, self.seen_ps = True, 0, 0

    @precondition(lambda self: self.recording)
    @rule(found=steps, lost=st.integers(0, 9))
    def read(self, found: list[tuple[int, int]], lost: int) -> None:
        """Clicks, and perhaps an overflow after them."""
        events, at = [], self.at_ps
        for step, channel in found:
            at += step + 1
            events.append((at, channel, TIME_TAG, 0))
        tags = len(events)
        if lost:
            events += [
                (at + 10, 0, OVERFLOW_BEGIN, 0),
                (at + 20, 2, MISSED, lost),
                (at + 30, 0, OVERFLOW_END, 0),
            ]
        self.at_ps = at + 100
        self.library.buffers.append(buffer(self.at_ps, *events))
        chunk = self.tagger.read(1.0)
        assert (chunk.start_ps, chunk.stop_ps) == (self.seen_ps, self.at_ps)
        assert chunk.time_ps.tolist() == [event[0] for event in events[:tags]]
        assert chunk.channel.tolist() == [event[1] - 1 for event in events[:tags]]
        assert [gap.lost for gap in chunk.gaps] == ([lost] if lost else [])
        self.seen_ps = self.at_ps

    @precondition(lambda self: self.recording)
    @rule()
    def stand_still(self) -> None:
        with pytest.raises(NoAnswer, match=r"^bob.tagger: "):
            self.tagger.read(0.0)
        self.recording = False

    @rule()
    def stop(self) -> None:
        self.tagger.stop()
        self.recording = False
        with pytest.raises(InstrumentError, match="start one first"):
            self.tagger.read(0.0)

    @invariant()
    def it_tells_what_was_set(self) -> None:
        if hasattr(self, "tagger"):
            assert self.tagger.threshold_v == pytest.approx(self.level_v, abs=0.01)
            assert set(self.library.levels.values()) == {self.level_v}

    def teardown(self) -> None:
        if hasattr(self, "tagger"):
            self.tagger.close()
            assert self.library.freed == 1
            self.patched.stop()


class Harp(RuleBasedStateMachine):
    """All clicks that the library gives come out once; what breaks down ends the recording, and says so."""

    driver = ""
    library: Inside

    @initialize()
    def open_it(self) -> None:
        self.library = inside(self.driver)
        self.ticks = self.driver == "picoquant-multiharp"
        self.level_v, self.clock = -0.3, "internal"
        self.tagger: Any = open_instrument(
            "bob.tagger", self.driver, f"sdk:EMU0042@{built(self.driver)}", {"threshold_v": self.level_v}
        )
        self.records: list[int] = []
        self.given: list[tuple[int, int]] = []
        self.recording, self.past, self.stop_ps = False, 0, 0

    @rule(level_v=st.floats(-1.0, -0.01))
    def set_threshold(self, level_v: float) -> None:
        if self.recording:
            with pytest.raises(InstrumentError, match="stop it first"):
                self.tagger.threshold_v = level_v
        else:
            self.tagger.threshold_v = self.level_v = level_v

    @rule(clock=st.sampled_from(["internal", "external"]))
    def set_clock(self, clock: str) -> None:
        if not self.recording:
            self.tagger.clock = self.clock = clock

    @rule()
    def start(self) -> None:
        if self.recording:
            with pytest.raises(InstrumentError, match="runs already"):
                self.tagger.start()
            return
        self.library.script()
        self.tagger.start()
        self.records, self.given, self.recording, self.stop_ps = [], [], True, 0

    @precondition(lambda self: self.recording)
    @rule(found=steps)
    def read(self, found: list[tuple[int, int]]) -> None:
        """Clicks within one period of the counter, and its end."""
        times = np.cumsum([step + 1 for step, _ in found]).tolist()
        new = [click(channel - 1, ticks) for ticks, (_, channel) in zip(times, found, strict=True)] + [
            wraps(1)
        ]
        self.records += new
        self.library.script(*new)
        chunk = self.tagger.read(0.0)
        assert chunk.start_ps == self.stop_ps
        self.stop_ps = chunk.stop_ps
        self.given += list(zip(chunk.time_ps.tolist(), chunk.channel.tolist(), strict=True))
        ticks, channels, last = decoded(self.records)
        tick_ps = round(self.tagger.resolution_ps)
        # Everything up to the counter's period that is over has come, once.
        assert self.given == list(zip((ticks * tick_ps).tolist(), channels.tolist(), strict=True))
        assert self.stop_ps == last * tick_ps

    @precondition(lambda self: self.recording)
    @rule(what=st.sampled_from(["full", "call"]))
    def break_down(self, what: str) -> None:
        self.library.put("flags", 2 if what == "full" else 0)
        self.library.put("fail", -42 if what == "call" else 0)
        with pytest.raises(DataLost if what == "full" else DriverError, match=r"^bob.tagger: "):
            self.tagger.read(0.0)
        self.library.put("flags", 0)
        self.library.put("fail", 0)
        self.stop()

    @rule()
    def stop(self) -> None:
        with suppress(DriverError):
            self.tagger.stop()
        self.recording = False

    @invariant()
    def it_tells_what_was_set(self) -> None:
        if hasattr(self, "tagger"):
            assert self.tagger.threshold_v == pytest.approx(self.level_v, abs=0.001)
            assert {abs(level) for level in self.library.levels} == {round(abs(self.level_v) * 1000)}
            assert self.library.clock == ("internal", "external").index(self.clock)
            assert self.library.mode == 2

    def teardown(self) -> None:
        if hasattr(self, "tagger"):
            self.tagger.close()
            assert self.library.open == 0
            self.library.reset()


def test_the_adapter_to_swabian_s_library_agrees_with_it() -> None:
    run_state_machine_as_test(Swabian, settings=SETTINGS)


@pytest.mark.parametrize("driver", FILES)
def test_the_adapters_to_picoquant_s_libraries_agree_with_them(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.time_taggers.picoquant.SETTLE_S", 0.0)
    monkeypatch.setattr("drivers.time_taggers.swabian.LOOK_S", 0.0)
    run_state_machine_as_test(type(f"Harp_{driver}", (Harp,), {"driver": driver}), settings=SETTINGS)

"""The adapters to PicoQuant's libraries, against a stand-in that is a real shared object with the same functions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import (
    AddressError,
    BadAnswer,
    ConnectionFailed,
    DataLost,
    InstrumentError,
    LimitError,
    UnknownName,
)
from drivers.identity import is_emulated
from drivers.registry import open_instrument
from drivers.time_taggers.t2_stream import T2Stream
from postproc.timetags.types import Gap
from tests.drivers.time_taggers.harps import (
    FILES,
    Inside,
    built,
    click,
    decoded,
    inside,
    marker,
    sync,
    wraps,
)

TICK_PS = {"picoquant-multiharp": 5, "picoquant-hydraharp": 1}
ROOT = Path(__file__).parents[3]


@pytest.fixture(params=FILES, autouse=True)
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("drivers.time_taggers.picoquant.SETTLE_S", 0.0)
    return str(request.param)


@pytest.fixture
def library(driver: str) -> Iterator[Inside]:
    found = inside(driver)
    yield found
    found.reset()


def opened(driver: str, serial: str = "EMU0042", **settings: Any) -> Any:
    return open_instrument("bob.tagger", driver, f"sdk:{serial}@{built(driver)}", settings)


def test_it_is_set_up_for_t2_and_identified(driver: str, library: Inside) -> None:
    with opened(driver) as tagger:
        assert (library.mode, library.clock) == (2, 0)
        assert is_emulated(tagger.identity()) == "yes"
        assert tagger.identity().model in ("MultiHarp 150 4P", "HydraHarp 400")
        assert tagger.resolution_ps == TICK_PS[driver]
        assert tagger.channels == (0, 1, 2, 3)
        assert all(finding.good for finding in tagger.self_test())
    assert library.open == 0


def test_thresholds_are_millivolts_of_the_right_sign(driver: str, library: Inside) -> None:
    with opened(driver, threshold_v=-0.25) as tagger:
        assert list(library.levels) == [250 if driver.endswith("hydraharp") else -250] * 4
        if driver.endswith("multiharp"):
            assert list(library.edges) == [0] * 4
            tagger.threshold_v = 0.25
            assert (list(library.levels), list(library.edges)) == ([250] * 4, [1] * 4)
        assert tagger.threshold_v == pytest.approx(-0.25 if driver.endswith("hydraharp") else 0.25)
        with pytest.raises(LimitError, match="nothing was sent"):
            tagger.threshold_v = 1.5


def test_the_external_clock_is_another_initialisation(driver: str, library: Inside) -> None:
    with opened(driver, threshold_v=-0.3, clock="external"):
        assert library.clock == 1
        assert [abs(level) for level in library.levels] == [300] * 4


def test_records_become_tags_and_spans_join(driver: str, library: Inside) -> None:
    tick = TICK_PS[driver]
    with opened(driver) as tagger:
        library.script(click(0, 10), sync(11), marker(3, 12), click(3, 90), wraps(1))
        tagger.start()
        first = tagger.read(0.0)
        library.script(click(1, 7), wraps(2))
        second = tagger.read(0.0)
    assert (first.start_ps, first.stop_ps) == (0, 2**25 * tick)
    assert first.time_ps.tolist() == [10 * tick, 90 * tick]
    assert first.channel.tolist() == [0, 3]
    assert (second.start_ps, second.stop_ps) == (2**25 * tick, 3 * 2**25 * tick)
    assert second.time_ps.tolist() == [(2**25 + 7) * tick]


def test_what_may_not_be_over_yet_waits_for_the_next_chunk(driver: str, library: Inside) -> None:
    tick = TICK_PS[driver]
    with opened(driver) as tagger:
        library.script(click(0, 10), click(1, 20))
        tagger.start()
        first = tagger.read(0.0)
        library.script(click(2, 20), click(0, 30))
        second = tagger.read(0.0)
    assert (first.time_ps.tolist(), first.stop_ps) == ([10 * tick], 20 * tick)
    assert (second.time_ps.tolist(), second.channel.tolist()) == ([20 * tick] * 2, [1, 2])


def test_a_full_buffer_ends_the_recording(driver: str, library: Inside) -> None:
    with opened(driver) as tagger:
        tagger.start()
        library.put("flags", 0x02)
        with pytest.raises(DataLost, match=r"^bob\.tagger: its buffer was full"):
            tagger.read(1.0)
        assert library.running == 0
        library.put("flags", 0)
        tagger.start()
        assert tagger.read(1.0).start_ps == 0


@pytest.mark.parametrize(
    ("flag", "words"), [(0x08, "external reference is lost"), (0x10, "system error"), (0, "100 hours")]
)
def test_what_ends_a_recording_is_told(driver: str, library: Inside, flag: int, words: str) -> None:
    with opened(driver) as tagger:
        tagger.start()
        library.put("flags", flag)
        library.put("running", int(bool(flag)))
        with pytest.raises(InstrumentError, match=words):
            tagger.read(1.0)
        if flag:
            assert any(words in finding.what for finding in tagger.self_test() if not finding.good)


def test_dropped_counts_are_a_gap(driver: str, library: Inside) -> None:
    with opened(driver) as tagger:
        library.script(click(0, 10), wraps(1))
        library.put("flags", 0x40)
        tagger.start()
        chunk = tagger.read(0.0)
        library.put("flags", 0)
        library.script(wraps(1))
        assert tagger.read(0.0).gaps == ()
    assert chunk.gaps == (Gap(0, chunk.stop_ps - 1, "overflow"),)


@pytest.mark.parametrize(
    "records",
    [
        (click(0, 20), click(0, 10)),
        (click(4, 20), wraps(1)),
        (marker(40, 20), wraps(1)),
        (wraps(2**25 - 1),) * 4000,
    ],
)
def test_records_of_no_such_instrument_are_told(
    driver: str, library: Inside, records: tuple[int, ...]
) -> None:
    with opened(driver) as tagger:
        tagger.start()
        library.script(*records)
        with pytest.raises(BadAnswer, match=r"^bob\.tagger: its (records|time) .*start again"):
            tagger.read(0.0)


def test_the_library_s_errors_are_told_in_its_words(driver: str, library: Inside) -> None:
    with opened(driver) as tagger:
        library.put("fail", -99)
        with pytest.raises(InstrumentError, match=r"^bob\.tagger: StartMeas fails: STAND_IN_ERROR \(-99\)"):
            tagger.start()
        tagger.start()
        with pytest.raises(InstrumentError, match="stop it first"):
            tagger.threshold_v = -0.2
        library.put("warnings", 0x40)
        assert any("Look at your inputs" in finding.what for finding in tagger.self_test())


def test_what_is_missing_is_told(driver: str, library: Inside) -> None:
    with pytest.raises(ConnectionFailed, match=r"reaches no device 7; there are: EMU0042\. Check"):
        opened(driver, "7")
    assert library.open == 0
    with pytest.raises(UnknownName, match=r"cannot be loaded .*sdk:SERIAL@FILE"):
        open_instrument("bob.tagger", driver, "sdk:7@/nowhere/lib.so")
    with pytest.raises(AddressError, match="should be sdk:SERIAL"):
        open_instrument("bob.tagger", driver, "file:///dev/null")
    library.put("version", b"1.0")
    with pytest.raises(UnknownName, match=r"is of version 1\.0, and .* is the least"):
        opened(driver)
    library.put("version", b"4.0")
    with opened(driver, ""), pytest.raises(ConnectionFailed, match="there are: none"):
        opened(driver)


record = st.one_of(
    st.builds(click, st.integers(0, 3), st.integers(0, 2**25 - 1)), st.builds(wraps, st.integers(1, 3))
)


@given(
    st.lists(record, max_size=60),
    st.lists(st.integers(0, 60), max_size=4),
    st.sampled_from(["1", "80", "32.5"]),
)
def test_any_chunking_gives_the_same_tags(records: list[int], cuts: list[int], tick: str) -> None:
    times, channels, last = decoded(records)
    if (np.diff(times) < 0).any():
        return
    stream = T2Stream(Fraction(tick), 4)
    edges = [0, *sorted(cuts), len(records)]
    chunks = [stream.take(np.array(records[a:b], np.uint32)) for a, b in pairwise(edges)]
    found = np.concatenate([chunk.time_ps for chunk in chunks]), np.concatenate([c.channel for c in chunks])
    exact = [int((Fraction(tick) * int(each) + Fraction(1, 2)).__floor__()) for each in times]
    settled = [each for each in exact if each < chunks[-1].stop_ps]
    assert found[0].tolist() == settled
    assert found[1].tolist() == channels[: len(settled)].tolist()
    assert chunks[-1].stop_ps == int((Fraction(tick) * last + Fraction(1, 2)).__floor__())


QMI = """
import sys
from qmi.core.context import QMI_Context
from qmi.instruments.picoquant import PicoQuant_MultiHarp150, PicoQuant_HydraHarp400
context = QMI_Context("bench"); context.start()
kind = PicoQuant_MultiHarp150 if sys.argv[1] == "MULTIHARP" else PicoQuant_HydraHarp400
harp = context.make_instrument("harp", kind, "EMU0042")
harp.open()
harp.initialize("T2", "INTERNAL")
print(harp.get_number_of_input_channels(), harp.get_base_resolution()[0])
harp.start_measurement(2000)
import time
time.sleep(0.6)
events = harp.get_events()
harp.stop_measurement()
print(len(events), sorted(set(events["type"].tolist())))
harp.close(); context.stop()
"""


def test_qmi_finds_nothing_amiss_with_the_stand_in(driver: str) -> None:
    """QMI's own wrapper of the vendor's libraries, unmodified, loads it in its place and takes time tags."""
    pytest.importorskip("qmi.instruments.picoquant")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(built(driver).parent)}
    command = [sys.executable, "-c", QMI, FILES[driver][0]]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    inputs, events = done.stdout.splitlines()
    assert inputs == f"4 {TICK_PS[driver]}.0"
    assert events.endswith("[0, 1, 2, 3]")
    assert int(events.split()[0]) == pytest.approx(480, rel=0.3)

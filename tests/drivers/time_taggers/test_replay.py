"""A recording played as an instrument."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.emulation.bench.recordings import generate_bb84
from drivers.errors import AddressError, BadAnswer, InstrumentError
from drivers.identity import is_emulated
from drivers.registry import open_instrument
from drivers.roles import TimeTagger
from postproc.timetags.recording import open_tags
from postproc.timetags.types import TagChunk
from tests.emulation.scenes import bb84


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_bb84(bb84(n_slots=2_000_000), 1, tmp_path_factory.mktemp("recording")).bob


@pytest.fixture
def tagger(path: Path) -> Iterator[Any]:
    with open_instrument("bob.tagger", "replay", f"recording:{path}", {"pace": 0.0}) as tagger:
        yield tagger


def test_it_gives_what_is_in_the_file_from_time_zero(tagger: Any, path: Path) -> None:
    assert isinstance(tagger, TimeTagger)
    tagger.start()
    chunks: list[TagChunk] = []
    with pytest.raises(InstrumentError, match=r"^bob.tagger: the recording has come to its end"):
        chunks.extend(iter(lambda: tagger.read(1.0), None))
    with open_tags(path) as recording:
        true = list(recording.chunks())
    zero = true[0].start_ps
    assert chunks[0].start_ps == 0
    assert all(one.stop_ps == other.start_ps for one, other in zip(chunks, chunks[1:], strict=False))  # noqa: RUF007
    assert np.array_equal(
        np.concatenate([c.time_ps for c in chunks]), np.concatenate([c.time_ps for c in true]) - zero
    )
    assert np.array_equal(
        np.concatenate([c.channel for c in chunks]), np.concatenate([c.channel for c in true])
    )


def test_it_keeps_its_pace(tagger: Any) -> None:
    tagger.pace = 0.002
    tagger.start()
    began_s = time.monotonic()
    chunk = tagger.read(60.0)
    assert time.monotonic() - began_s >= 0.95 * chunk.stop_ps / 1e12 / 0.002
    assert tagger.read(0.0).stop_ps == chunk.stop_ps


def test_it_can_be_played_again_and_counts(tagger: Any) -> None:
    for _ in range(2):
        tagger.start()
        assert tagger.read(1.0).start_ps == 0
        with pytest.raises(InstrumentError, match="runs already"):
            tagger.start()
        tagger.stop()
    with pytest.raises(InstrumentError, match="start one first"):
        tagger.read(1.0)
    assert sum(tagger.count_rates_hz()) > 0
    assert is_emulated(tagger.identity()) == "unknown"
    assert tagger.self_test()[0].good


def test_what_is_no_recording_of_tags_is_refused(path: Path, tmp_path: Path) -> None:
    for address, words in (
        (f"recording:{tmp_path}/none.h5", "none.h5"),
        (f"recording:{path.with_name('alice_states.h5')}", "prepared states"),
        ("file:///dev/null", "should be recording:FILE"),
    ):
        with pytest.raises(AddressError, match=f"^bob.tagger: .*{words}"):
            open_instrument("bob.tagger", "replay", address)


def test_what_turns_out_to_be_none_is_told_when_it_begins(tmp_path: Path) -> None:
    (tmp_path / "text.csv").write_text("hello")
    with (
        open_instrument("bob.tagger", "replay", f"recording:{tmp_path}/text.csv") as tagger,
        pytest.raises(BadAnswer, match=r"^bob.tagger: .*text.csv"),
    ):
        tagger.start()

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import tdc1_words as codec
from drivers.errors import BadAnswer, DataLost
from drivers.time_taggers.tdc1_alignment import BLOCK
from drivers.time_taggers.tdc1_stream import MAX_NONSENSE, Tdc1Stream
from postproc.timetags.types import TagChunk

#: Words that may be held back at the end: all but one of a block, the block before it, and an overhang.
HELD = 2 * BLOCK + 1


def stream_of(mean_step: float, n: int, seed: int, start: int = 0) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Clicks of a Poisson process on four inputs, and the words of an instrument that marks each quarter wrap."""
    random = np.random.default_rng(seed)
    units = start + np.cumsum(1 + random.exponential(mean_step, n).astype(np.int64))
    channel = random.integers(0, 4, n).astype(np.uint8)
    marks = np.arange(units[0] // 2**25 + 1, units[-1] // 2**25 + 1) * 2**25
    marks = marks[~np.isin(marks, units)]
    order = np.argsort(np.concatenate([units, marks]), kind="stable")
    patterns = np.concatenate([1 << channel, np.zeros(len(marks), int)]).astype(np.uint8)[order]
    return units, channel, codec.words_of(np.concatenate([units, marks])[order], patterns).tobytes()


def read(data: bytes, cuts: list[int]) -> list[TagChunk]:
    """Feed a stream in portions, and give the chunks."""
    stream, chunks = Tdc1Stream(), []
    for begin, end in pairwise([0, *cuts, len(data)]):
        stream.feed(data[begin:end])
        chunks.append(stream.settled())
    return chunks


def joined(chunks: list[TagChunk]) -> tuple[np.ndarray, np.ndarray]:
    assert chunks[0].start_ps == 0
    for one, other in pairwise(chunks):
        assert one.stop_ps == other.start_ps
    for chunk in chunks:
        assert ((chunk.time_ps >= chunk.start_ps) & (chunk.time_ps < chunk.stop_ps)).all()
        assert (np.diff(chunk.time_ps) >= 0).all()
        assert all(chunk.start_ps <= gap.first_ps <= gap.last_ps < chunk.stop_ps for gap in chunk.gaps)
    return np.concatenate([c.time_ps for c in chunks]), np.concatenate([c.channel for c in chunks])


def every(step: int, data: bytes) -> list[int]:
    return list(range(step, len(data), step))


@given(
    st.sampled_from([3.0, 300.0, 3e5, 3e7]),
    st.integers(0, 2**30),
    st.lists(st.integers(0, 4000), max_size=12),
)
def test_tags_come_out_unwrapped_however_the_bytes_are_cut(
    mean_step: float, start: int, cuts: list[int]
) -> None:
    units, channel, data = stream_of(mean_step, 500, 1, start)
    times, channels = joined(read(data, sorted(cut % len(data) for cut in cuts)))
    first = int.from_bytes(data[:4], "little") >> 5
    assert first == units[0] % codec.WRAP
    n = len(times)
    assert n >= 500 - HELD
    assert np.array_equal(times, (units[:n] - units[0]) * 2000)
    assert np.array_equal(channels, channel[:n])


def test_a_span_moves_on_without_clicks() -> None:
    marks = codec.words_of(np.arange(200) * 2**25, np.zeros(200, np.uint8)).tobytes()
    chunks = read(marks, every(4, marks))
    assert len(joined(chunks)[0]) == 0
    assert chunks[-1].stop_ps >= (199 - HELD) * 2**25 * 2000


def test_inputs_that_rise_together_are_separate_tags() -> None:
    units = np.arange(100) * 1000
    data = codec.words_of(units, np.full(100, 0b1011, np.uint8)).tobytes()
    times, channels = joined(read(data, []))
    assert times[:6].tolist() == [0, 0, 0, 2_000_000, 2_000_000, 2_000_000]
    assert channels[:6].tolist() == [0, 1, 3, 0, 1, 3]


@settings(max_examples=200)
@given(
    st.sampled_from([20.0, 200.0, 2000.0, 20_000.0, 100_000.0]),
    st.integers(300, 1200),
    st.sampled_from([1, 2, 3, 5, 6, 7]),
    st.integers(16, 3000),
    st.integers(0, 2**32),
)
def test_lost_bytes_become_a_gap_and_every_tag_is_right(
    mean_step: float, place: int, lost: int, portion: int, seed: int
) -> None:
    """Rates from 5 thousand to 25 million events a second."""
    units, _, data = stream_of(mean_step, 600, seed)
    damaged = data[:place] + data[place + lost :]
    chunks = read(damaged, every(portion, damaged))
    times, _ = joined(chunks)
    (gap,) = (gap for chunk in chunks for gap in chunk.gaps)
    true = (units - units[0]) * 2000
    assert gap.reason == "dropped"
    assert np.isin(times, true).all()
    due = true[(true < chunks[-1].stop_ps) & ((true < gap.first_ps) | (true > gap.last_ps))]
    assert np.array_equal(times, due)
    assert ((true >= gap.first_ps) & (true <= gap.last_ps)).sum() <= 3 * BLOCK


def test_a_flipped_bit_costs_a_few_tags_and_no_more() -> None:
    units, _, data = stream_of(300, 3000, 5)
    damaged = bytearray(data)
    damaged[4000] ^= 0x10
    times, _ = joined(read(bytes(damaged), []))
    assert np.isin(times, (units - units[0]) * 2000).all()
    assert len(times) > 3000 - HELD - 2 * BLOCK


def test_a_pause_is_no_loss() -> None:
    """Light that goes off and on again changes the rhythm a thousandfold; nothing may be dropped for it."""
    busy = np.cumsum(np.full(500, 50))
    quiet = busy[-1] + np.cumsum(np.full(300, 900_000))
    again = quiet[-1] + np.cumsum(np.full(500, 50))
    units = np.concatenate([busy, quiet, again])
    data = codec.words_of(units, np.ones(len(units), np.uint8)).tobytes()
    chunks = read(data, every(777, data))
    times, _ = joined(chunks)
    assert [gap for chunk in chunks for gap in chunk.gaps] == []
    assert np.array_equal(times, (units[: len(times)] - units[0]) * 2000)
    assert len(times) >= len(units) - HELD


def test_half_a_word_at_the_beginning_is_skipped() -> None:
    units, channel, data = stream_of(300, 1000, 3)
    times, channels = joined(read(data[2:], []))
    n, skipped = len(times), 1
    assert np.array_equal(times, (units[skipped : skipped + n] - units[skipped]) * 2000)
    assert np.array_equal(channels, channel[skipped : skipped + n])


def test_a_loss_among_hardly_any_events_ends_the_recording() -> None:
    _, _, data = stream_of(2e7, 1000, 2)
    damaged = data[:2000] + data[2001:]
    with pytest.raises(DataLost, match="start the recording again"):
        read(damaged, every(50, damaged))


def test_nonsense_is_an_error_before_long() -> None:
    with pytest.raises(BadAnswer, match="are no event words"):
        read(bytes(2 * MAX_NONSENSE), every(1000, bytes(2 * MAX_NONSENSE)))


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_any_bytes_give_ordered_tags_or_an_error(data: bytes, portion: int) -> None:
    with suppress(BadAnswer, DataLost):
        joined(read(data, every(portion, data)))

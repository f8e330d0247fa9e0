from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import tdc1_words as codec

clicks = st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 3)), max_size=30).map(
    lambda each: sorted(set(each))
)


def word(unit: int, pattern: int) -> int:
    """A word, as the vendor's wiki draws it."""
    return (unit % 2**27) << 5 | (pattern if pattern else 1 << 4)


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 15)), max_size=30))
def test_words_are_as_the_wiki_draws_them(each: list[tuple[int, int]]) -> None:
    units, patterns = (
        np.array([pair[k] for pair in each], kind) for k, kind in ((0, np.int64), (1, np.uint8))
    )
    words = codec.words_of(units, patterns)
    assert words.tolist() == [word(*pair) for pair in each]
    assert codec.times_of(words).tolist() == [unit % 2**27 for unit, _ in each]
    assert codec.patterns_of(words).tolist() == [pattern for _, pattern in each]
    assert codec.are_legal(words).all()


def test_a_known_word_in_bytes() -> None:
    words = codec.words_of(np.array([0x123456]), np.array([0b1001], np.uint8))
    assert words.astype("<u4").tobytes() == bytes.fromhex("c98a4602")


def test_half_of_all_words_are_legal() -> None:
    legal = codec.are_legal(np.arange(32, dtype=np.uint32))
    assert legal.sum() == 16
    assert not legal[0]
    assert not legal[17:].any()


@given(clicks)
def test_merging_and_spreading_undo_each_other(each: list[tuple[int, int]]) -> None:
    units = np.array([unit for unit, _ in each], np.int64)
    channel = np.array([channel for _, channel in each], np.uint8)
    merged = codec.merged(units, channel)
    assert len(np.unique(merged[0])) == len(merged[0])
    back = codec.spread(*merged)
    assert list(zip(*(array.tolist() for array in back), strict=True)) == each


def test_words_without_an_event_spread_into_nothing() -> None:
    units, channel = codec.spread(np.array([1, 2, 3]), np.array([0, 4, 0], np.uint8))
    assert (units.tolist(), channel.tolist()) == ([2], [2])

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postproc.timetags.formats.text_numbers import BadLineError, line_of_pair, parse_pairs

SEPARATORS = st.text(" \t,;\r", max_size=3)
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)


def slowly(text: bytes) -> list[list[int]] | int:
    """The pairs by Python's own reading of integers, or the index of the first line that is bad."""
    pairs = []
    for index, line in enumerate(text.split(b"\n")):
        words = re.split(rb"[ \t\r,;]+", line.strip(b" \t\r,;")) if line.strip(b" \t\r,;") else []
        if not words:
            continue
        good = len(words) == 2 and all(re.fullmatch(rb"-?[0-9]{1,19}", word) for word in words)
        if not good or any(abs(int(word)) >= 2**63 for word in words):
            return index
        pairs.append([int(word) for word in words])
    return pairs


def fast(text: bytes) -> list[list[int]] | int:
    try:
        return parse_pairs(text).tolist()
    except BadLineError as bad:
        return bad.index if bad.line == text.split(b"\n")[bad.index] else -1


@given(st.lists(st.tuples(INT64, INT64)), SEPARATORS, SEPARATORS.map(lambda s: s + " "))
def test_reads_what_was_written(pairs: list[tuple[int, int]], edge: str, between: str) -> None:
    lines = [f"{edge}{one}{between}{other}{edge}\n" for one, other in pairs]
    assert parse_pairs("".join(lines).encode()).tolist() == [list(pair) for pair in pairs]


@given(st.text("0123456789-- ,\n\n  x", max_size=60).map(lambda text: text.encode() + b"\n"))
@example(b"1 2\n-\n")
@example(b"1-2\n")
@example(b"1 -2\n- 1 2\n")
@example(b"-1 -2\n--1 2\n")
@example(b"1\n2\n")
@example(b"1 2 3\n4\n")
@example(b"9223372036854775807 1\n9223372036854775808 1\n")
@example(b"1 00000000000000000001\n")
@example(b"\n")
@example(b"-1 1\n")
def test_agrees_with_the_slow_reading(text: bytes) -> None:
    assert fast(text) == slowly(text)


@given(st.binary(max_size=40).map(lambda data: data + b"\n"))
def test_agrees_with_the_slow_reading_of_any_bytes(text: bytes) -> None:
    assert fast(text) == slowly(text)


@pytest.mark.parametrize(
    ("text", "index", "reason"),
    [
        (b"1 2\n\nthree 4\n", 2, "two whole numbers"),
        (b"1 2\n3 4.5\n", 1, "two whole numbers"),
        (b"1 2 3\n", 0, "two whole numbers"),
        (b"1 9223372036854775808\n", 0, "beyond 64 bits"),
        (b"1 " + b"9" * 5000 + b"\n", 0, "more than 19 digits"),
    ],
)
def test_names_the_first_bad_line(text: bytes, index: int, reason: str) -> None:
    with pytest.raises(BadLineError) as caught:
        parse_pairs(text)
    assert caught.value.index == index
    assert reason in caught.value.reason


def test_finds_the_line_of_a_pair() -> None:
    text = b"\n1 2\n \n3 4\n5 6\n"
    assert [line_of_pair(text, pair) for pair in range(3)] == [1, 3, 4]

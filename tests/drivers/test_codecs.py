from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.json_objects import ObjectSplitter
from drivers.codecs.lines import LineReader, LineSplitter
from drivers.errors import BadAnswer, NoAnswer
from tests.drivers.dialogue import Dialogue


@given(
    st.lists(st.binary(max_size=8).filter(lambda line: b"\n" not in line and b"\r" not in line)), st.data()
)
def test_lines_come_out_however_the_bytes_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(line + b"\n" for line in lines) + b"rest"
    splitter, found = LineSplitter(b"\n"), []
    while text:
        size = data.draw(st.integers(1, len(text)))
        found += splitter.feed(text[:size])
        text = text[size:]
    assert found == lines
    assert splitter.rest == b"rest"


def test_the_longest_end_at_a_place_counts() -> None:
    assert LineSplitter(b"\n", b"\r\n").feed(b"one\r\ntwo\n\r\n") == [b"one", b"two", b""]


def test_a_line_that_does_not_come_is_an_error_that_says_what_came() -> None:
    reader = LineReader(Dialogue((None, b"hal")), b"\n")
    with pytest.raises(NoAnswer, match=r"no complete answer within 2 s; b'hal' came of it"):
        reader.line(2.0)


def test_a_line_without_end_is_an_error() -> None:
    reader = LineReader(Dialogue((None, b"x" * (2**20 + 1))), b"\n")
    with pytest.raises(BadAnswer, match="has no end"):
        reader.line(1.0)


def test_what_is_dropped_is_not_read() -> None:
    line = Dialogue((None, b"late\nand half"), (b"new\n", b"answer\n"))
    reader = LineReader(line, b"\n")
    assert reader.line(1.0) == b"late"
    reader.drop()
    line.write(b"new\n")
    assert reader.line(1.0) == b"answer"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40)
@given(
    st.lists(st.dictionaries(st.text(), values, max_size=3), max_size=4),
    st.sampled_from([b"", b"\x17", b" \n"]),
    st.data(),
)
def test_objects_come_out_however_the_bytes_are_cut(
    objects: list[dict[str, object]], between: bytes, data: st.DataObject
) -> None:
    text = b"".join(json.dumps(each, ensure_ascii=False).encode() + between for each in objects)
    splitter, found = ObjectSplitter(), []
    while text:
        size = data.draw(st.integers(1, len(text)))
        found += splitter.feed(text[:size])
        text = text[size:]
    assert found == objects


@pytest.mark.parametrize(
    "text", [b"[1]", b"x{}", b"}", b'"', b"{1}", b"{'a': 1}", b'{"a":' * 20000 + b"}" * 20000]
)
def test_what_is_no_object_is_an_error_and_forgotten(text: bytes) -> None:
    splitter = ObjectSplitter()
    with pytest.raises(BadAnswer):
        splitter.feed(text)
    assert splitter.feed(b'{"a": 1}') == [{"a": 1}]


def test_an_object_without_end_is_an_error() -> None:
    with pytest.raises(BadAnswer, match="has no end"):
        ObjectSplitter().feed(b'{"' + b"x" * 2**20)

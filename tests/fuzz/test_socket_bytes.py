"""Whatever comes from a socket, a parser gives a message or its one error: never another, never much memory."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postproc.conversation.frames import Frame
from postproc.conversation.frames import pack as pack_frame
from postproc.link.packets import Data, State
from postproc.link.packets import pack as pack_packet
from postproc.traffic import pack as pack_traffic
from postproc.types import Alarm, End
from tests.support.parsers import TARGETS, kinds

CORPUS = Path(__file__).parent / "corpus"
MOST_BYTES = 2**24
"""What parsing a few kilobytes may take at most."""


def corpus(name):
    return sorted((CORPUS / name).glob("*"))


def mutated(seeds):
    """Bytes that begin as something true: pieces changed, cut off, repeated."""

    @st.composite
    def build(draw):
        data = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, 4))):
            if not data:
                break
            place = draw(st.integers(0, len(data) - 1))
            match draw(st.sampled_from(["flip", "set", "cut", "repeat", "insert"])):
                case "flip":
                    data[place] ^= 1 << draw(st.integers(0, 7))
                case "set":
                    data[place] = draw(
                        st.sampled_from([0, 0x7F, 0x80, 0xC1, 0xC6, 0xC9, 0xDB, 0xDD, 0xDF, 0xFF])
                    )
                case "cut":
                    del data[place:]
                case "repeat":
                    data += data[place : place + 64]
                case "insert":
                    data[place:place] = draw(st.binary(max_size=16))
        return bytes(data)

    return build()


SEEDS = {name: [path.read_bytes() for path in corpus(name)] for name in TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus(name):
    assert len(SEEDS[name]) >= 5
    for data in SEEDS[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_any_bytes(name, data):
    TARGETS[name](data.draw(st.binary(max_size=400) | mutated(SEEDS[name])))


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    "bomb",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\x96" + b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\x91" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_lengths_that_lie_cost_nothing(name, bomb):
    for prefix in (b"", *(bytes([i]) for i in range(0, 32, 7)), b"\x93\xa1d\xc4\x08aaaaaaaa\x00"):
        tracemalloc.start()
        TARGETS[name](prefix + bomb)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_BYTES


def test_every_message_is_among_the_kinds():
    assert len(kinds()) >= 25


@given(st.binary(max_size=64))
@example(b"")
def test_what_is_packed_is_taken(item):
    TARGETS["packet"](pack_packet(Data(b"e" * 8, 0, item)))
    TARGETS["link"](pack_packet(State(b"p" * 8, b"e" * 8, 1, 5)))
    TARGETS["frame"](pack_frame(Frame(1, b"", "agree", 0, 0, item)))
    TARGETS["traffic"](pack_traffic(Alarm("a", "info", "s", {}, "do")))
    TARGETS["traffic"](pack_traffic(End()))

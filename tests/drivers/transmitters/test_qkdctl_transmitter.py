"""Word for word what a transmitter is told, after ``docs/state-transmitter-protocol.md``."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from drivers.errors import BadAnswer, DataLost, InstrumentError, NoAnswer
from drivers.identity import Identity
from drivers.roles import Pattern
from drivers.transmitters.qkdctl_transmitter import Transmitter
from tests.drivers.dialogue import Dialogue, talking

HELLO = ((b"ID?\n", b"QKDCTL,ST1,7,1.0\n"),)
OK = b"OK\n"
GREETING = b"QST1\x01\x00\x00\x00"


def frame(number: int, first_slot: int, states: list[int]) -> bytes:
    """Built byte by byte as the page has it."""
    packed = bytes(low | high << 4 for low, high in zip(states[::2], [*states, 0][1::2], strict=True))
    numbers = ((number, 4), (first_slot, 8), (len(states), 4))
    header = b"QST1" + b"".join(value.to_bytes(size, "little") for value, size in numbers)
    return header + zlib.crc32(header + packed).to_bytes(4, "little") + packed


def started(*said: bytes) -> Dialogue:
    return Dialogue((None, GREETING), *((None, each) for each in said))


def test_it_is_identified() -> None:
    with talking(Transmitter, *HELLO) as transmitter:
        assert transmitter.identity() == Identity("QKDCTL", "ST1", "7", "1.0")


def test_a_pattern_is_sent_and_read_back() -> None:
    turns = (
        (b"SLOT_HZ 50000000.0\n", OK), (b"SLOT_HZ?\n", b"5e7\n"),
        (b"LEVELS 1.0,0.3\n", OK), (b"LEVELS?\n", b"1.0,0.3\n"),
        (b"PROBABILITIES 0.7,0.3\n", OK), (b"PROBABILITIES?\n", b"0.7,0.3\n"),
        (b"KEY_BASIS 0.9\n", OK), (b"KEY_BASIS?\n", b"0.9\n"),
    )  # fmt: skip
    with talking(Transmitter, *HELLO, *turns) as transmitter:
        transmitter.configure(
            Pattern(slot_hz=5e7, levels=(1.0, 0.3), probabilities=(0.7, 0.3), key_basis_probability=0.9)
        )


def test_states_are_read_and_a_run_ends() -> None:
    stream = started(frame(0, 0, [0, 7, 10]), frame(1, 3, [1]), frame(2, 4, []))
    with talking(Transmitter, *HELLO, (b"START\n", OK), (b"STOP\n", b"OK 4\n"), stream=stream) as transmitter:
        transmitter.start()
        first, second = transmitter.read(1.0), transmitter.read(1.0)
        assert (first.first_slot, first.states.tolist()) == (0, [0, 7, 10])
        assert (second.first_slot, second.states.tolist()) == (3, [1])
        assert transmitter.stop() == 4
        with pytest.raises(InstrumentError, match="has stopped, and all states of the run are read"):
            transmitter.read(1.0)


def test_a_missing_frame_is_lost_data_and_told_once() -> None:
    stream = started(frame(0, 0, [1, 1]), frame(2, 4, [2, 2]))
    with talking(Transmitter, *HELLO, (b"START\n", OK), stream=stream) as transmitter:
        transmitter.start()
        transmitter.read(1.0)
        with pytest.raises(DataLost, match="dropped the states of 2 slots from slot 2 on; read faster"):
            transmitter.read(1.0)
        assert transmitter.read(1.0).first_slot == 4


@pytest.mark.parametrize(
    ("said", "turns", "error", "words"),
    [
        (frame(0, 0, [1, 2])[:-1] + b"\x55", [], BadAnswer, "frame 0 was damaged on the way"),
        (b"hello, this is no frame at all", [], BadAnswer, "begins no frame"),
        (frame(0, 1, [1, 2])[:-1], [(b"START\n", OK)], NoAnswer, "the stream of states has stopped"),
    ],
)
def test_what_is_no_frame_is_told(
    said: bytes, turns: list[tuple[bytes, bytes]], error: type[Exception], words: str
) -> None:
    stream = started(said)
    with (
        talking(Transmitter, *HELLO, *turns, stream=stream) as transmitter,
        pytest.raises(error, match=f"^bench.thing: .*{words}"),
    ):
        start_and_read(transmitter)


def start_and_read(transmitter: Transmitter) -> None:
    transmitter.start()
    transmitter.read(1.0)


def test_frames_in_the_wrong_order_are_told() -> None:
    stream = started(frame(0, 0, [1, 1]), frame(0, 0, [1, 1]))
    with talking(Transmitter, *HELLO, (b"START\n", OK), stream=stream) as transmitter:
        transmitter.start()
        transmitter.read(1.0)
        with pytest.raises(BadAnswer, match=r"sends frame \(0, 0\) where \(1, 2\) is due"):
            transmitter.read(1.0)


def test_a_stream_port_that_is_none_is_told() -> None:
    stream = Dialogue((None, b"HTTP/1.1 400 Bad Request\r\n"))
    with (
        talking(Transmitter, *HELLO, stream=stream) as transmitter,
        pytest.raises(BadAnswer, match=r"begins its stream with b'HTTP/1.1 400 Bad'; check the stream"),
    ):
        transmitter.start()


def test_a_refusal_is_told_in_its_words() -> None:
    with (
        talking(Transmitter, *HELLO, (b"STOP\n", b"ERR 4 not running\n")) as transmitter,
        pytest.raises(InstrumentError, match="did not accept 'STOP': 4 not running"),
    ):
        transmitter.stop()


@pytest.mark.parametrize("answer", [b"OK", b"OK -1", b"OK 4 slots", b"OK " + b"9" * 5000])
def test_an_answer_that_counts_no_slots_is_told(answer: bytes) -> None:
    with (
        talking(Transmitter, *HELLO, (b"STOP\n", answer + b"\n")) as transmitter,
        pytest.raises(BadAnswer, match="and not by OK and the slots sent"),
    ):
        transmitter.stop()


def test_dropped_frames_are_found() -> None:
    turns = (b"DROPPED?\n", b"3\n"), (b"STATE?\n", b"IDLE\n"), (b"EXTINCTION?\n", b"40.0\n")
    with talking(Transmitter, *HELLO, *turns) as transmitter:
        state, dropped = transmitter.self_test()
        assert state.good
        assert dropped.what == "it dropped 3 frames"


def test_states_are_unpacked() -> None:
    states = np.random.default_rng(1).integers(0, 16, 1001).tolist()
    with talking(Transmitter, *HELLO, (b"START\n", OK), stream=started(frame(0, 0, states))) as transmitter:
        transmitter.start()
        assert transmitter.read(1.0).states.tolist() == states

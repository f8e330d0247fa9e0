"""Word for word what an ID900 is told, after the vendor's examples; and how its messages become tags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from drivers.errors import BadAnswer, ConnectionFailed, InstrumentError, NoAnswer
from drivers.identity import Identity
from drivers.time_taggers.id900_frames import PERIOD_PS, WIDTH_PS, frame
from drivers.time_taggers.idq_id900 import Id900
from postproc.timetags.types import Gap
from tests.drivers.dialogue import Dialogue, talking

HELLO = ((b"*IDN?", b"ID Quantique,ID1000,1234,2.7.0"),)
SET = b"Value set to it"
CHANNELS = (1, 2, 3, 4)
OFF = [(b"RAW%d:SEND OFF" % n, SET) for n in CHANNELS]
PREPARED = [
    (b"REC:STOP", b"Stopped"),
    *OFF,
    (b"REC:TRIG:ARM:MODE MANUal", SET),
    (b"REC:ENABle ON", SET),
    (b"REC:NUM INF", SET),
    (b"REC:PWID 200000000000;PPER 200000400000", SET),
]
BEGUN = [
    turn
    for n in CHANNELS
    for turn in (
        (b"RAW%d:REF:LINK NONE;:RAW%d:STOP:LINK TSCO%d" % (n, n, n + 4), SET),
        (b"RAW%d:ERRORS:CLEAR" % n, b"Cleared"),
        (b"RAW%d:SEND ON" % n, SET),
    )
]
PLAY = [(b"REC:PLAY", b"Playing")]
ERRORS = [(b"RAW%d:ERRORS?" % n, b"0") for n in CHANNELS]


#: What an earlier program has left running.
LEFT = ((b"list", b'["127.0.0.1:5559"]'), (b"stop --id 127.0.0.1:5559", b'{"status": {}}'))
KEYS = [f"127.0.0.1:{5555 + n}" for n in CHANNELS]


def started(n: int) -> tuple[bytes, bytes]:
    request = b"start-stream --address 127.0.0.1 --channel %d --stream-port %d" % (n, 4241 + n)
    return request, json.dumps({"id": KEYS[n - 1]}).encode()


def counted(n: int, acquisitions: int) -> tuple[bytes, bytes]:
    """What the service says of a channel's stream, as on page 91 of the manual."""
    status = {"acquisitions_count": acquisitions, "errors": [], "inactivity": 0.1, "timestamps_count": 0}
    return f"status --id {KEYS[n - 1]}".encode(), json.dumps(status).encode()


class Silent(Dialogue):
    """A stream on which something comes once a recording has begun."""

    def __init__(self, *messages: bytes) -> None:
        super().__init__()
        self.messages, self.begun = list(messages), False

    def read(self, timeout_s: float) -> bytes:
        if self.begun and self.messages:
            return self.messages.pop(0)
        self.begun = True
        return super().read(timeout_s)


def stamps(*times: int) -> bytes:
    return np.array(times, "<u8").tobytes()


@contextmanager
def recording(
    *after: tuple[bytes, bytes],
    messages: dict[int, bytes],
    left: Sequence[tuple[bytes, bytes]] = LEFT,
    asked: Sequence[tuple[bytes, bytes]] = (),
) -> Iterator[Id900]:
    """A recording that has begun; the service had streams left, and is asked more later."""
    dlt = Dialogue(*left, *map(started, CHANNELS), *asked)
    streams = {f"stream{n}": Silent(*([messages[n]] if n in messages else [])) for n in CHANNELS}
    with talking(Id900, *HELLO, *PREPARED, *BEGUN, *PLAY, *after, dlt=dlt, **streams) as tagger:
        tagger.start()
        yield tagger


def test_it_is_identified() -> None:
    with talking(Id900, *HELLO) as tagger:
        assert tagger.identity() == Identity("ID Quantique", "ID1000", "1234", "2.7.0")


def test_a_recording_is_begun_as_in_the_vendor_s_examples_and_read() -> None:
    messages = {1: stamps(5, 900), 2: stamps(), 3: stamps(7), 4: stamps(900)}
    with recording(*ERRORS, messages=messages, asked=[counted(2, 1)]) as tagger:
        chunk = tagger.read(1.0)
    assert (chunk.start_ps, chunk.stop_ps) == (0, PERIOD_PS)
    assert chunk.time_ps.tolist() == [5, 7, 900, 900]
    assert chunk.channel.tolist() == [0, 2, 0, 3]
    assert chunk.gaps == (Gap(WIDTH_PS, PERIOD_PS - 1, "restart"),)


def test_a_threshold_is_set_for_all_inputs() -> None:
    turns = [(b"INPU%d:THRE 0.5V" % n, b"Value set to 0.5V") for n in CHANNELS]
    turns += [(b"INPU%d:THRE?" % n, b"0.5V") for n in CHANNELS]
    with talking(Id900, *HELLO, *turns) as tagger:
        tagger.threshold_v = 0.5


def test_inputs_that_differ_are_no_common_threshold() -> None:
    turns = [(b"INPU%d:THRE?" % n, b"%dV" % n) for n in CHANNELS]
    with talking(Id900, *HELLO, *turns) as tagger, pytest.raises(BadAnswer, match="asked for threshold_v"):
        _ = tagger.threshold_v


@pytest.mark.parametrize("code", [b"SCPI_ERR_PARAM_TYPE", b"SCPI_ERR_INVALID_CMD"])
def test_a_refusal_is_told(code: bytes) -> None:
    with (
        talking(Id900, *HELLO, (b"DEVI:SYNC EXT", code)) as tagger,
        pytest.raises(InstrumentError, match=r"^bench.thing: did not accept 'DEVI:SYNC EXT': SCPI_ERR_"),
    ):
        tagger.clock = "external"


def test_a_stream_that_stalls_is_told_and_a_late_one_is_not() -> None:
    with recording(messages={}) as tagger:
        chunk = tagger.read(0.5)
        assert chunk.start_ps == chunk.stop_ps == 0
        with pytest.raises(NoAnswer, match=r"^bench.thing: the stream of tags has stopped"):
            tagger.read(1.0)


def test_lost_tags_make_a_gap_of_the_whole_span() -> None:
    lost = [(b"RAW%d:ERRORS?" % n, b"%d" % n) for n in CHANNELS]
    lost += [(b"RAW%d:ERRORS:CLEAR" % n, b"Cleared") for n in CHANNELS]
    with recording(*lost, messages={n: stamps(1) for n in CHANNELS}) as tagger:
        assert tagger.read(1.0).gaps == (Gap(0, PERIOD_PS - 1, "overflow", 10),)


def test_another_instrument_s_streams_at_the_same_service_run_on() -> None:
    other = "10.0.0.2:5556"
    stopped = [(f"stop --id {key}".encode(), b'{"status": {}}') for key in KEYS]
    with recording(
        *PREPARED[:5],
        messages={},
        left=[(b"list", json.dumps([other]).encode())],
        asked=[(b"list", json.dumps([other, *KEYS]).encode()), *stopped],
    ) as tagger:
        tagger.stop()


def test_an_empty_message_of_a_stream_that_was_stopped_is_its_end() -> None:
    gone = (b"status --id 127.0.0.1:5556", b'{"error": {"description": "unknown id"}}')
    with (
        recording(messages=dict.fromkeys(CHANNELS, b""), asked=[gone]) as tagger,
        pytest.raises(ConnectionFailed, match=r"^bench.thing: the stream .*ended the stream 127.0.0.1:5556"),
    ):
        tagger.read(1.0)


def test_more_messages_than_sub_acquisitions_are_told() -> None:
    with (
        recording(messages=dict.fromkeys(CHANNELS, b""), asked=[counted(1, 1), counted(2, 0)]) as tagger,
        pytest.raises(BadAnswer, match=r"127.0.0.1:5557 has given 1 messages for 0 sub-acquisitions"),
    ):
        tagger.read(1.0)


def test_a_stream_without_a_name_is_no_stream() -> None:
    dlt = Dialogue((b"list", b"[]"), (started(1)[0], b'{"id": 7}'))
    streams = {f"stream{n}": Silent() for n in CHANNELS}
    with (
        talking(Id900, *HELLO, *PREPARED, *BEGUN[:2], dlt=dlt, **streams) as tagger,
        pytest.raises(BadAnswer, match=r"answered 'start-stream .*' by \{'id': 7\}"),
    ):
        tagger.start()


def test_the_service_is_missed() -> None:
    dlt = Dialogue((b"list", b""))
    with (
        talking(Id900, *HELLO, *PREPARED[:5], dlt=dlt) as tagger,
        pytest.raises(NoAnswer, match="its DataLinkTarget service gave no answer to 'list'; start it"),
    ):
        tagger.start()


def test_the_service_s_refusal_is_told() -> None:
    dlt = Dialogue((b"list", b'{"error": {"description": "disk is full"}}'))
    with (
        talking(Id900, *HELLO, *PREPARED[:5], dlt=dlt) as tagger,
        pytest.raises(InstrumentError, match="service refused 'list': disk is full"),
    ):
        tagger.start()


def test_sub_acquisitions_follow_each_other() -> None:
    chunks = [frame(number, [stamps(0, WIDTH_PS - 1)] * 4) for number in range(3)]
    assert [chunk.start_ps for chunk in chunks] == [0, PERIOD_PS, 2 * PERIOD_PS]
    assert chunks[2].time_ps[-1] == 2 * PERIOD_PS + WIDTH_PS - 1


@pytest.mark.parametrize("message", [stamps(WIDTH_PS), stamps(2**63), b"1234567"])
def test_messages_that_cannot_be_are_refused(message: bytes) -> None:
    with pytest.raises(BadAnswer):
        frame(0, [message])

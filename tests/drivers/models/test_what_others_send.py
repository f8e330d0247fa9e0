"""What other people's programs send to instruments, and look for in the answers; in our own words."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from drivers.codecs.apt import DEVICE, HOST, Message, MessageReader, encode
from drivers.identity import is_emulated
from drivers.transport.memory import Line
from tests.drivers.stands import in_mind, one_of


def line_of(driver: str, port: str = "") -> tuple[Line, Any]:
    parties, full = one_of(driver)
    stand = in_mind(parties)
    assert stand.models is not None
    return stand.models.ports[f"{full}/{port or 'main'}"].connect(0.0), stand


def said(line: Line, text: bytes, now_s: float = 1.0) -> bytes:
    return b"".join(data for _, data in line.feed(text, now_s))


@pytest.mark.parametrize(
    "command",
    [
        "save",
        "errclr",
        "brate 9600",
        "brate",
        "ilaser 1e6",
        "lason 7",
        "tecon",
        "userdata write a b",
        "nonsense",
    ],
)
def test_the_ctl200_has_a_line_for_every_command(command: str) -> None:
    """PyMeasure's driver skips echo, prompt and empty lines, and waits for what is left."""
    line, _ = line_of("koheron-ctl200")
    answer = said(line, command.encode() + b"\r\n").decode()
    assert answer.endswith("\r\n>>")
    left = [each for each in answer.removesuffix(">>").split("\r\n") if each not in ("", command)]
    assert len(left) == 1


def test_a_ctl200_that_refuses_tells_what_stays() -> None:
    line, _ = line_of("koheron-ctl200")
    said(line, b"ilaser 12\r\n", 1.0)
    assert b"\r\n12.000000\r\n" in said(line, b"ilaser 1e6\r\n", 2.0)
    assert b"\r\n20\r\n" in said(line, b"err\r\n", 3.0)


def test_an_osw_tells_its_type_and_name() -> None:
    line, _ = line_of("thorlabs-osw")
    assert said(line, b"T?\n").strip().isdigit()
    assert said(line, b"I?\n").startswith(b"OSW")


def test_a_dg645_refuses_a_channel_of_any_length() -> None:
    line, _ = line_of("srs-dg645")
    assert said(line, b"DLAY?" + b"9" * 5000 + b"\nLERR?\n") == b"10\r\n"


def apt(line: Line, message: Message, now_s: float) -> list[Message]:
    reader, answers = MessageReader(HOST), line.feed(encode(message, DEVICE, HOST), now_s)
    return [each for _, data in answers for each in reader.feed(data)]


ENABLED = 1 << 31


def status(message: Message) -> tuple[int, int, bool]:
    """Paddle, place, and whether it is enabled."""
    paddle, counts, _, _, bits = struct.unpack("<HiHhI", message.data)
    return paddle, counts, bool(bits & ENABLED)


def test_the_mpc320_says_when_a_paddle_goes_on_or_off() -> None:
    """PnPQ switches the one on that it moves, and off by a mask without it."""
    line, _ = line_of("thorlabs-mpc320")
    (on,) = apt(line, Message(0x0210, 2, 1), 1.0)
    assert (on.number, status(on)) == (0x0491, (2, 0, True))
    (off,) = apt(line, Message(0x0210, 0, 1), 2.0)
    assert status(off) == (2, 0, False)
    assert apt(line, Message(0x0210, 0, 1), 3.0) == []


def test_the_mpc320_jogs_and_goes_home() -> None:
    line, _ = line_of("thorlabs-mpc320")
    apt(line, Message(0x0530, data=struct.pack("<6H", 0, 100, 500, 30, 40, 50)), 1.0)
    assert apt(line, Message(0x0443, 4), 2.0) == [Message(0x0444, 4)]
    assert apt(line, Message(0x046A, 4, 1), 9.0) == [Message(0x0464, 4)]
    assert apt(line, Message(0x046A, 4, 1), 12.0) == [Message(0x0464, 4)]
    assert apt(line, Message(0x046A, 4, 2), 15.0) == [Message(0x0464, 4)]
    (place,) = apt(line, Message(0x0411, 4), 20.0)
    assert struct.unpack("<Hi", place.data) == (4, 550)
    (moved,) = apt(line, Message(0x0448, data=struct.pack("<Hi", 4, -51)), 21.0)
    assert (moved.number, status(moved)[1]) == (0x0464, 499)
    (bits,) = apt(line, Message(0x0429, 4), 30.0)
    assert (bits.number, len(bits.data)) == (0x042A, 6)


def test_an_emulated_mpc320_says_that_it_is_one() -> None:
    _, stand = line_of("thorlabs-mpc320")
    with stand.open("bob.thing") as driver:
        assert is_emulated(driver.identity()) == "yes"


class WebSq:
    """A client that keeps account of labels as the vendor's does."""

    def __init__(self) -> None:
        self.line, self.stand = line_of("single-quantum-eos", "control")
        self.labels: dict[str, Any] = {}
        self.tell({"request": "labelProps", "value": "None"}, 0.0)

    def tell(self, message: dict[str, Any], now_s: float) -> None:
        self.hear(self.line.feed(json.dumps(message).encode(), now_s))

    def wait(self, until_s: float) -> None:
        self.hear(self.line.poll(until_s))

    def hear(self, replies: list[tuple[float, bytes]]) -> None:
        for each in b"".join(data for _, data in replies).split(b"\x17")[:-1]:
            message = json.loads(each)
            known = self.labels.get(message["label"])
            if isinstance(message["value"], dict):
                self.labels[message["label"]] = message["value"]
            elif known is not None:
                known["value"] = message["value"]
            else:
                self.labels[message["label"]] = {"value": message["value"]}

    def value(self, label: str) -> Any:
        return self.labels[label]["value"]


def test_websq_scans_the_bias() -> None:
    """Range without commands, start by one, the tables on request."""
    client = WebSq()
    for label, value in (("IVScanStart", 2.0), ("IVScanEnd", 14.0), ("IVScanIncrement", 4.0)):
        client.tell({"label": label, "value": value}, 1.0)
    client.tell({"command": "IVScanEnable", "label": "IVScanEnable", "value": True}, 1.0)
    assert client.value("IVScanEnable") is True
    client.wait(1.25)
    assert client.value("IVScanEnable") is True
    client.wait(2.0)
    assert client.value("IVScanEnable") is False
    client.tell({"request": "IVHistory"}, 2.0)
    for label, letter in (("ic_scan_history", "y"), ("iv_scan_history", "v")):
        table = client.value(label)
        assert [row["biasCurrent"] for row in table] == [2.0, 6.0, 10.0, 14.0]
        assert set(table[0]) == {"biasCurrent", *(f"{letter}{n}" for n in range(1, 5))}
    assert client.value("iv_scan_history")[1]["v2"] == pytest.approx(60)


def test_websq_finds_bias_currents() -> None:
    client = WebSq()
    client.tell({"command": "DarkCountsAutoIV", "value": [1e6, 1e6, 1e6, 1e6]}, 1.0)
    client.tell({"command": "AutoCaliBiasCurrents", "value": True}, 1.0)
    for step in range(80):
        client.wait(1.0 + step * 0.1)
    assert client.value("StartAutoIV") is False
    assert client.value("BiasCurrentAutoIV") == [22.0] * 4, "the last step before they latch"
    assert client.value("BiasCurrent") == [22.0] * 4


@pytest.mark.parametrize(
    "message",
    [
        {"command": "DarkCountsAutoIV", "value": [1, 2]},
        {"label": "IVScanStart", "value": "far"},
        {"label": "NumberOfDetectors", "value": 9},
        {"command": "SetAllBiasCurrents", "value": [91.0] * 4},
    ],
)
def test_websq_tells_what_it_cannot_take(message: dict[str, Any]) -> None:
    client = WebSq()
    client.tell(message, 1.0)
    assert "cannot take" in client.value("ErrorMessage")
    assert client.value("NumberOfDetectors") == 4


def test_websq_stops_a_scan_and_refuses_another_while_one_runs() -> None:
    client = WebSq()
    client.tell({"command": "IVScanEnable", "value": True}, 1.0)
    client.tell({"command": "AutoCaliBiasCurrents", "value": True}, 1.1)
    assert "StartAutoIV" in client.value("ErrorMessage")
    client.tell({"command": "IVScanEnable", "value": False}, 1.35)
    assert client.value("IVScanEnable") is False
    assert len(client.value("ic_scan_history")) <= 3


def test_websq_remembers_temperatures() -> None:
    client = WebSq()
    client.tell({"request": "TemperatureHistory"}, 95.0)
    history = client.labels["temperature_long_memory"]
    assert {len(column) for column in history.values()} == {10}
    assert all(2 < kelvin < 3 for kelvin in history["T"])


@pytest.mark.parametrize(
    ("said_", "answer"),
    [
        (":PULSE0:GATE:MODE CHAN", "ok"), (":PULSE0:GATE:MODE?", "DIS"), (":PULSE0:GATE:LEV 2", "ok"),
        (":PULSE1:CGATE PULS", "ok"), (":PULSE1:CLOGIC HIGH", "ok"), (":PULSE2:SYNC CHA", "ok"), ("*TRG", "ok"),
        ('*LBL "bench"', "ok"), (":INST:STATE ON", "ok"), (":INST:SEL CHB", "ok"), (":INST:NSEL?", "0"),
        (":INST:NSEL 9", "?5"), (":INST:FULL?", "?3"), (":PULSE1:MUX 5", "ok"),
    ],
)  # fmt: skip
def test_the_9530_takes_what_drivers_of_its_twins_send(said_: str, answer: str) -> None:
    line, _ = line_of("quantum-composers-9530")
    assert said(line, said_.encode() + b"\r\n").decode().strip() == answer

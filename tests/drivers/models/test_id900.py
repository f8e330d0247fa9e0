"""The emulated ID900 answers as the manual, the vendor's examples and MSL's driver expect."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drivers.emulation.models.id900 import Id900Model
from tests.drivers.steady import SteadyCables


@pytest.fixture
def model() -> Id900Model:
    return Id900Model(SteadyCables(1e5), "EMU1")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("INPUt1:ENABle OFF", "Value set to OFF"),
        ("input1:enable?", "ON"),
        ("INPU1:COUP AC;EDGE FALL;COUP?;EDGE?", "Value set to AC;Value set to FALLING;AC;FALLING"),
        ("INPU2:COUN:INTE 1000;MODE CYCL", "Value set to 1000;Value set to CYCLE"),
        ("STAR:THRE -500mV", "Value set to -0.5V"),
        ("REC:DUR 3 TTB", "Value set to 3000000000000TB"),
        ("REC:PWID 200000000000.0;PPER 200 GTB", "Value set to 200000000000TB;Value set to 200000000000TB"),
        ("REC:NUM INF", "Value set to INF"),
        ("REC:NUM 3;NUM?", "Value set to 3;3"),
        ("RAW1:STOP:LINK TSCO5;:RAW1:REF:LINK NONE", "Value set to TSCO5;Value set to NONE"),
        ("TSCO1:OPIN ONLYFIR;OPOU ONLYFIR;WIND:ENAB OFF", ";".join(
            ["Value set to ONLYFIR", "Value set to ONLYFIR", "Value set to OFF"])),
        ("GEN1:ENAB ON;PPER 10000000;PWID 20000;PNUM INF;PLAY;TRIG:LINK NONE", ";".join(
            ["Value set to ON", "Value set to 10000000TB", "Value set to 20000TB", "Value set to INF",
             "Playing", "Value set to NONE"])),
        ("INPU1:COUN:RESE", "Counter value set to 0 "),
        ("INPU1:HIRES:ERROR:CLEAR", "Cleared Highres errors"),
        ("HIST1:FLUS", "Flushed Histogram!"),
        ("REC:STAG?", "IDLE"),
        ("DEVI:RES:BWID?", "1"),
        ("INPU5:ENAB ON", "INPU5:ENAB ON: SCPI_ERR_INVALID_CMD"),
        ("INPUTX:ENAB ON", "INPUTX:ENAB ON: SCPI_ERR_INVALID_CMD"),
        ("INPU1:ENAB MAYBE", "INPU1:ENAB MAYBE: SCPI_ERR_PARAM_TYPE"),
        ("INPU1:THRE 1A", "INPU1:THRE 1A: SCPI_ERR_PARAM_TYPE"),
        ("INPU1:THRE 9V", "INPU1:THRE 9V: SCPI_ERR_PARAM_TYPE"),
        ("INPU1:COUN:INTE 70000", "INPU1:COUN:INTE 70000: SCPI_ERR_PARAM_TYPE"),
    ],
)  # fmt: skip
def test_it_speaks_as_the_manual_has_it(model: Id900Model, said: str, answer: str) -> None:
    assert model.run(said, 1.0) == answer


def dlt(model: Id900Model, request: str, now_s: float = 1.0) -> object:
    ((_, answer),) = model.ports["dlt"].connect(now_s).feed(request.encode(), now_s)
    return json.loads(answer)


def test_the_service_keeps_account_of_acquisitions(model: Id900Model) -> None:
    assert dlt(model, "list") == []
    started = dlt(model, "start-stream --channel 2 --address 10.0.0.7 --stream-port 4243")
    assert isinstance(started, dict)
    key = started["id"]
    assert dlt(model, "list") == [key]
    assert dlt(model, f"status --id {key}", 3.5) == {
        "acquisitions_count": 0, "timestamps_count": 0, "inactivity": 2.5, "errors": [],
    }  # fmt: skip
    assert "status" in dlt(model, f"stop --id {key}")
    assert dlt(model, "list") == []


@pytest.mark.parametrize(
    "request_",
    ["sing", "", "start-stream --channel 9 --address a --stream-port 1", "start-stream", "stop --id x"],
)
def test_the_service_describes_its_errors(model: Id900Model, request_: str) -> None:
    answer = dlt(model, request_)
    assert isinstance(answer, dict)
    assert answer["error"]["description"]


def test_a_message_for_each_channel_and_sub_acquisition_and_none_is_lost() -> None:
    """All clicks come, with times that begin anew, but for those in the pauses."""
    cables = SteadyCables(1e5)
    model = Id900Model(cables, "EMU1")
    model.run("REC:ENAB ON;NUM 3;PWID 200000000000;PPER 210000000000", 1.0)
    for channel in (1, 2, 3):
        dlt(model, f"start-stream --channel {channel} --address a --stream-port 1")
        model.run(f"RAW{channel}:SEND ON", 1.0)
    lines = {channel: model.ports[f"stream{channel}"].connect(1.0) for channel in (1, 2, 3, 4)}
    assert model.run("REC:PLAY", 1.0) == "Playing"
    messages: dict[int, list[bytes]] = {channel: [] for channel in lines}
    for now_s in np.arange(1.0, 2.0, 0.005):
        for channel, line in lines.items():
            messages[channel] += [message for _, message in line.poll(now_s)]
    assert model.run("REC:STAGe?", 2.0) == "IDLE"
    assert [len(messages[channel]) for channel in lines] == [3, 3, 3, 0]
    cables.begin(1.0)
    truth = cables.clicks(2.0)
    times = truth.time_ps - 10**12
    for channel in (1, 2, 3):
        for number, message in enumerate(messages[channel]):
            begin = number * 210_000_000_000
            own = times[(truth.input == channel - 1) & (times >= begin) & (times < begin + 200_000_000_000)]
            assert np.frombuffer(message, "<u8").tolist() == (own - begin).tolist()


def test_more_than_it_can_take_is_lost_and_counted() -> None:
    model = Id900Model(SteadyCables(20e6), "EMU1")
    model.run("REC:ENAB ON;NUM 1;PWID 40000000000;PPER 40000000000;PLAY", 1.0)
    line = model.ports["stream1"].connect(1.0)
    for now_s in np.arange(1.0, 1.2, 0.01):
        line.poll(now_s)
    lost = [int(model.run(f"RAW{channel}:ERRORS?", 2.0)) for channel in (1, 2, 3, 4)]
    assert sum(lost) == pytest.approx(8e6 * 0.04, rel=0.01)
    assert model.run("RAW1:ERRORS:CLEAR;:RAW1:ERRORS?", 2.0).endswith(";0")

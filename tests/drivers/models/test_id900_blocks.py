"""What laboratories' programs set up on an ID900 has the effect that they expect."""

from __future__ import annotations

import json
from pathlib import Path
from socket import socket
from time import monotonic

import numpy as np
import pytest
import zmq

from drivers.configuration import InstrumentConfig
from drivers.emulation.models.id900 import Id900Model
from tests.drivers.stands import on_rack
from tests.drivers.steady import SteadyCables

WIDTH_PS = 40_000_000_000
RECORD = f"REC:ENAB ON;NUM 1;PWID {WIDTH_PS};PPER {WIDTH_PS};PLAY"


@pytest.fixture
def model() -> Id900Model:
    return Id900Model(SteadyCables(1e5), "EMU1")


def truth(channel: int) -> np.ndarray:
    """Times of an input since the recording began."""
    cables = SteadyCables(1e5)
    cables.begin(1.0)
    clicks = cables.clicks(1.0 + WIDTH_PS / 1e12)
    return clicks.time_ps[clicks.input == channel - 1] - 10**12


def record(model: Id900Model) -> None:
    model.run(RECORD, 1.0)
    line = model.ports["stream1"].connect(1.0)
    for now_s in np.arange(1.0, 1.1, 0.005):
        line.poll(now_s)
    assert model.run("REC:STAG?", 2.0) == "IDLE"


def binned(reference: np.ndarray, stop: np.ndarray, width_ps: int, bins: int) -> list[int]:
    """The same by a plain loop."""
    counts = [0] * bins
    for time in stop.tolist():
        before = reference[reference <= time]
        if len(before) and (bin_ := (time - int(before[-1])) // width_ps) < bins:
            counts[bin_] += 1
    return counts


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("INPU1:ENAB", "Value set to ON"),
        ("INPU1:THRESHOLD 0.4", "Value set to 0.4V"),
        ("INPU2:THRE +0.100V", "Value set to 0.1V"),
        ("INPU3:COUN:INTE 1000.0", "Value set to 1000"),
        ("STAR:COUN:MODE ACCU;RESEt", "Value set to ACCUM;Counter value set to 0 "),
        ("STARt:HIREs:ERROr:CLEAr;:STARt:COUNter?", "Cleared Highres errors;0"),
        ("DEVI:SYNC EXTERNAL;SYNC?", "Value set to EXT;EXT"),
        ("DELA5:LINK STAR;VALUe 0.0", "Value set to STAR;Value set to 0TB"),
        ("DELA1:LINK INPUt1;LINK?", "Value set to INPU1;INPU1"),
        ("REC:NUM 0;TRIG:DELA 0;LINK DELA5", "Value set to 0;Value set to 0TB;Value set to DELA5"),
        ("REC:TRIG:ARM:MODE MANUal;REC:STOP", "Value set to MANUAL;REC:STOP: SCPI_ERR_INVALID_CMD"),
        ("GEN3:ENAB ON;PNUM 1;PPER 2000000000;PWID 4000.0;TRIG:DELAY 0;LINK NONE;ARM:MODE MANU", ";".join(
            ["Value set to ON", "Value set to 1", "Value set to 2000000000TB", "Value set to 4000TB",
             "Value set to 0TB", "Value set to NONE", "Value set to MANUAL"])),
        ("TSCO9:WIND:ENAB OFF;BEGI:DELA 0;EDGE RISI;LINK NONE", ";".join(
            ["Value set to OFF", "Value set to 0TB", "Value set to RISING", "Value set to NONE"])),
        ("TSCO9:FIR:LINK GEN1", "Value set to GEN1"),
        ("TSCO9:OPIN ONLYFIR;OPOU ONLYFIR;COUN:INTE 1000;MODE CYCL", ";".join(
            ["Value set to ONLYFIR", "Value set to ONLYFIR", "Value set to 1000", "Value set to CYCLE"])),
        ("OUTP1:ENAB ON;LINK TSCO9;MODE TTL;PULSE OFF;DELAY 0;PULS:WIDT 1000", ";".join(
            ["Value set to ON", "Value set to TSCO9", "Value set to TTL", "Value set to OFF", "Value set to 0TB",
             "Value set to 1000TB"])),
        ("HIST1:REF:FILT RISI;:HIST1:STOP:FILT RISI", "Value set to RISI;Value set to RISI"),
        ("GEN3:TRIG:ARM;:GEN3:PLAY;:REC:TRIG:DARM", "Armed;Playing;Disarmed"),
        ("DEVI:CONF:LOAD HISTO;:HIST2:STOP:LINK?", "Value set to HISTO;NONE"),
        ("DELA2:STAT?", "VALU 0TB;LINK NONE"),
    ],
)  # fmt: skip
def test_it_takes_what_laboratories_send(model: Id900Model, said: str, answer: str) -> None:
    assert model.run(said, 1.0) == answer


def test_a_ready_made_configuration_links_histograms(model: Id900Model) -> None:
    model.run("DEVI:CONF:LOAD HISTO", 1.0)
    assert model.run("HIST2:STOP:LINK?;REF:LINK?", 1.0).startswith("TSCO6")


def test_a_histogram_holds_what_came_after_the_reference(model: Id900Model) -> None:
    model.run("HIST1:REF:LINK TSCO5;STOP:LINK TSCO6;:HIST1:BWID 2000000;BCOU 50;ENAB:LINK REC", 1.0)
    model.run("HIST1:STOP:LINK TSCO6;:HIST1:FLUS", 1.0)
    record(model)
    expected = binned(truth(1), truth(2), 2_000_000, 50)
    assert json.loads(model.run("HIST1:DATA?", 2.0)) == expected
    assert sum(expected) > 100
    model.run("HIST1:FLUS", 2.0)
    assert json.loads(model.run("HIST1:DATA?", 2.0)) == [0] * 50


def test_a_delay_moves_a_histogram(model: Id900Model) -> None:
    model.run("HIST1:REF:LINK INPU1;:HIST1:STOP:LINK DELA1;:HIST1:BWID 1000;BCOU 16", 1.0)
    model.run("DELA1:LINK INPU1;VALU 5000", 1.0)
    record(model)
    counts = json.loads(model.run("HIST1:DATA?", 2.0))
    assert counts[5] > 0.9 * len(truth(1))
    assert sum(counts) == pytest.approx(counts[5], rel=0.1)


def test_a_generator_s_pulses_are_tags(model: Id900Model) -> None:
    model.run(
        "GEN1:ENAB ON;PPER 10000000;PNUM INF;:TSCO1:FIR:LINK GEN1;:RAW1:STOP:LINK TSCO1;:RAW1:SEND ON", 1.0
    )
    ask(model, "start-stream --address a --channel 1 --stream-port 4242")
    model.run(RECORD, 1.0)
    line = model.ports["stream1"].connect(1.0)
    said = [message for now_s in np.arange(1.0, 1.1, 0.005) for _, message in line.poll(now_s)]
    assert np.frombuffer(said[0], "<u8").tolist() == list(range(0, WIDTH_PS, 10_000_000))


def test_links_in_a_circle_lead_nowhere(model: Id900Model) -> None:
    model.run("DELA6:LINK DELA7;:DELA7:LINK DELA6;:HIST1:REF:LINK DELA6;:HIST1:STOP:LINK DELA7", 1.0)
    record(model)
    assert sum(json.loads(model.run("HIST1:DATA?", 2.0))) == 0


def ask(model: Id900Model, request: str, now_s: float = 1.0) -> dict[str, object]:
    ((_, answer),) = model.ports["dlt"].connect(now_s).feed(request.encode(), now_s)
    found = json.loads(answer)
    assert isinstance(found, dict)
    return found


def test_tags_are_saved_with_their_references(model: Id900Model, tmp_path: Path) -> None:
    for channel, form in ((2, "bin"), (3, "ascii")):
        file = tmp_path / f"C {channel}"
        request = (
            f'start-save --address a --channel {channel} --filename "{file}" --format {form} --with-ref-index'
        )
        assert ask(model, request)["id"] == f"a:{5555 + channel}"
        model.run(f"RAW{channel}:REF:LINK TSCO5;:RAW{channel}:SEND ON", 1.0)
    record(model)
    reference = truth(1)
    for channel in (2, 3):
        stop = truth(channel)
        index = np.searchsorted(reference, stop, side="right") - 1
        since = stop - reference[index]
        expected = np.column_stack((since, index))[index >= 0]
        file = tmp_path / f"C {channel}"
        found = (
            np.fromfile(file, "<u8").reshape(-1, 2)
            if channel == 2
            else np.loadtxt(file, np.int64, delimiter=";")
        )
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["taken", ".bashrc", "nowhere/tags", ""])
def test_only_new_files_are_written(model: Id900Model, tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").write_text("precious")
    answer = ask(model, f"start-save --address a --channel 1 --filename {tmp_path}/{name}")
    assert "description" in answer["error"]  # type: ignore[operator]
    assert (tmp_path / "taken").read_text() == "precious"
    assert not (tmp_path / ".bashrc").exists()


@pytest.fixture
def free_port() -> int:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_reader_finds_the_tags_where_it_asked_for_them_and_is_told_the_end(free_port: int) -> None:
    """As the vendor's examples have it: connect first, have the service pour there, stop at an empty message."""
    full = "bob.thing"
    parties = {"bob": {"thing": InstrumentConfig(driver="idq-id900", settings={"threshold_v": 1.0})}}
    with on_rack(parties) as stand, zmq.Context() as context:  # type: ignore[arg-type]
        places = {
            name: str(place).replace("zmq://", "tcp://") for name, place in stand.addresses[full].items()
        }  # type: ignore[union-attr]
        sockets = {name: context.socket(zmq.REQ) for name in ("main", "dlt")} | {
            "tags": context.socket(zmq.PAIR)
        }
        for each in sockets.values():
            each.setsockopt(zmq.LINGER, 0)
            each.setsockopt(zmq.RCVTIMEO, 60_000)
        sockets["tags"].connect(f"tcp://127.0.0.1:{free_port}")
        for name in ("main", "dlt"):
            sockets[name].connect(places[name])

        def said(name: str, text: str) -> str:
            sockets[name].send_string(text)
            return str(sockets[name].recv_string())

        started = json.loads(said("dlt", f"start-stream --address x --channel 1 --stream-port {free_port}"))
        said("main", "RAW1:SEND ON")
        said("main", "REC:ENAB ON;NUM INF;PWID 200000000000;PPER 200000400000;PLAY")
        messages = [sockets["tags"].recv()]
        said("main", "REC:STOP")
        said("dlt", f"stop --id {started['id']}")
        began = monotonic()
        while messages[-1]:
            messages.append(sockets["tags"].recv())
            assert monotonic() - began < 60
        assert sum(map(len, messages)) > 0
        for each in sockets.values():
            each.close()

"""The rack in real time: up and down, its hands and its faults, over sockets and pseudo-terminals."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.configuration import open_all
from drivers.emulation.bench.live_bb84 import LiveBb84Bench
from drivers.emulation.rack import Rack, RackControl
from drivers.errors import BadAnswer, ConnectionFailed, DriverError, LimitError, NoAnswer, UnknownName
from drivers.power_meters.thorlabs_pm100d import Pm100D
from drivers.roles import Instrument
from drivers.transport.addresses import open_transport
from drivers.transport.tcp import TcpTransport
from tests.drivers.stands import SCENE, SEED, RackStand, on_rack, whole_link


@pytest.fixture(scope="module")
def stand() -> Iterator[RackStand]:
    with on_rack(whole_link()) as stand:
        yield stand


@pytest.fixture
def control(stand: RackStand) -> Iterator[RackControl]:
    control = RackControl(stand.rack.control_address)
    yield control
    control.close()


def test_a_whole_link_is_up_soon_and_leaves_nothing_behind() -> None:
    threads = set(threading.enumerate())
    rack = Rack(LiveBb84Bench(SCENE, SEED), whole_link())
    addresses = rack.up()
    instruments = [
        instrument
        for party, configs in whole_link().items()
        for instrument in open_all(party, configs, addresses).values()
    ]
    for instrument in instruments:
        instrument.close()
    rack.down()
    rack.down()
    assert set(threading.enumerate()) <= threads
    assert str(addresses["alice.attenuator"]).startswith("tcp://127.0.0.1:")
    assert not Path(str(addresses["bob.tagger"]).removeprefix("serial://")).exists()
    with pytest.raises(ConnectionFailed):
        open_all("alice", {"attenuator": whole_link()["alice"]["attenuator"]}, addresses)


def test_a_rack_that_does_not_come_up_goes_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no more pseudo-terminals")

    monkeypatch.setattr("drivers.emulation.rack.hosts.pty.openpty", broken)
    threads = set(threading.enumerate())
    with pytest.raises(OSError, match="pseudo-terminals"):
        Rack(LiveBb84Bench(SCENE, SEED), whole_link()).up()
    assert set(threading.enumerate()) <= threads


def test_a_broken_connection_is_made_again(stand: RackStand) -> None:
    with stand.open("alice.attenuator") as attenuator:
        stand.cut("alice.attenuator")
        assert attenuator.shutter_open is True  # type: ignore[attr-defined]


def test_another_instrument_in_its_place_is_noticed() -> None:
    """Two power meters, and the cable is put into the other one."""
    meter = whole_link()["alice"]["power_meter"]
    with on_rack({"alice": {"meter": meter, "other": meter}}) as stand:
        places = {"now": str(stand.addresses["alice.meter"])}
        instrument = Pm100D("alice.meter", lambda _: open_transport(places["now"]))
        places["now"] = str(stand.addresses["alice.other"])
        stand.cut("alice.meter")
        with pytest.raises(
            BadAnswer, match=r"was Thorlabs PM100D, .* and is .* now; check what is plugged in"
        ):
            instrument.self_test()
        instrument.close()


def test_two_clients_talk_to_an_instrument_side_by_side(stand: RackStand) -> None:
    with stand.open("alice.power_meter") as one, stand.open("alice.power_meter") as other:
        for _ in range(10):
            assert one.wavelength_nm == other.wavelength_nm == 1550  # type: ignore[attr-defined]


def test_a_hand_at_the_front_panel_is_seen_by_the_driver(stand: RackStand) -> None:
    with stand.open("alice.attenuator") as attenuator:
        stand.say("alice.attenuator", ":OUTP 0")
        assert attenuator.shutter_open is False  # type: ignore[attr-defined]
        assert stand.say("alice.attenuator", ":OUTP?") == "0\n"


def test_other_processes_control_it(stand: RackStand, control: RackControl) -> None:
    control.set("channel.loss_db", 12.5)
    control.set("channel.cut", True)
    control.fault("bob.tagger", "delay_s", 0.01)
    snapshot = control.snapshot()
    assert snapshot["knobs"]["channel.loss_db"] == 12.5
    assert snapshot["knobs"]["channel.cut"] is True
    assert snapshot["faults"]["bob.tagger"]["delay_s"] == 0.01
    assert snapshot["instruments"]["bob.tagger"] == "s15-tdc1"
    assert snapshot["bench_time_s"] <= stand.rack.snapshot()["bench_time_s"]
    assert control.say("alice.attenuator", "*IDN?").startswith("HEWLETT-PACKARD,HP8156A,EMU")
    control.set("channel.cut", False)
    control.fault("bob.tagger", "delay_s", 0.0)
    control.cut("alice.attenuator")
    assert control.snapshot()["faults"] == {}
    assert control.faults("bob.tagger") == stand.rack.faults("bob.tagger")
    assert "reference_lost" in control.faults("bob.tagger")


@pytest.mark.parametrize(
    ("words", "kind", "match"),
    [
        (("set", "channel.colour", 1.0), UnknownName, "the bench has no knob 'channel.colour'; it has: "),
        (("set", "channel.loss_db", -1.0), LimitError, "is a number from 0 to 200, got -1"),
        (("set", "channel.cut", 1.0), LimitError, "is true or false, got 1"),
        (
            ("fault", "bob.tagger", "tired", True),
            UnknownName,
            "bob.tagger cannot have the fault 'tired'; it can have: mute",
        ),
        (("fault", "bob.tagger", "mute", 1.0), LimitError, "mute is true or false, got 1"),
        (("fault", "bob.tagger", "delay_s", -1.0), LimitError, "delay_s is a number from 0 to .*, got -1"),
        (("fault", "bob.laser", "mute", True), UnknownName, "the rack has no 'bob.laser'; it has: "),
        (("cut", "bob.laser"), UnknownName, "the rack has no 'bob.laser'"),
        (("say", "bob.laser", "x"), UnknownName, "the rack has no 'bob.laser'"),
    ],
)
def test_what_it_does_not_know_it_says_to_whoever_asks(
    stand: RackStand, control: RackControl, words: tuple[object, ...], kind: type[DriverError], match: str
) -> None:
    method, *arguments = words
    for hand in (stand.rack, control):
        with pytest.raises(kind, match=match):
            getattr(hand, str(method))(*arguments)


@pytest.mark.parametrize("line", [b"\n", b"hello\n", b"[1]\n", b'{"open": "sesame"}\n', b"\xff\n"])
def test_its_control_port_survives_nonsense(stand: RackStand, line: bytes) -> None:
    host, _, port = stand.rack.control_address.removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host, int(port)), 60) as raw:
        raw.sendall(line)
        assert raw.recv(1000).startswith(b'{"error": "UnknownName"')


def test_a_controller_of_no_rack_is_told(stand: RackStand) -> None:
    with pytest.raises(ConnectionFailed, match="nothing answers"):
        RackControl("tcp://127.0.0.1:1")


def test_an_answer_in_two_halves_is_whole(stand: RackStand) -> None:
    for name in ("alice.laser", "alice.attenuator", "alice.power_meter", "bob.detectors"):
        with stand.open(name) as instrument:
            stand.fault(name, "split_s", 0.003)
            assert instrument.self_test()
            stand.fault(name, "split_s", 0.0)


def test_a_late_answer_is_not_taken_for_the_next_one(
    stand: RackStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, one, other in (
        ("alice.attenuator", "attenuation_db", "offset_db"),
        ("alice.power_meter", "wavelength_nm", "averages"),
        ("alice.laser", "current_ma", "current_limit_ma"),
    ):
        with stand.open(name) as instrument:
            expected = getattr(instrument, other)
            with monkeypatch.context() as patch:
                patch.setattr(type(instrument), "TIMEOUT_S", 0.05)
                stand.fault(name, "delay_s", 1.0)
                with pytest.raises(NoAnswer, match=f"^{name}: gave no answer to .*check that it is on"):
                    getattr(instrument, one)
                stand.fault(name, "delay_s", 0.0)
            await_late_answer(instrument)
            assert getattr(instrument, other) == expected


def await_late_answer(instrument: Instrument) -> None:
    """It lies in the system's buffer then, and nobody has read it."""
    line = instrument._line  # type: ignore[attr-defined]
    end = line._socket if isinstance(line, TcpTransport) else line._port
    assert select.select([end], [], [], 60)[0]


def test_bench_time_may_run_faster() -> None:
    with Rack(LiveBb84Bench(SCENE, SEED), {}, speed=50.0) as rack:
        began_s = rack.snapshot()["bench_time_s"]
        time.sleep(0.05)
        assert rack.snapshot()["bench_time_s"] - began_s > 2.0


def test_a_rack_that_cannot_keep_up_says_so_and_still_goes_down(monkeypatch: pytest.MonkeyPatch) -> None:
    rack = Rack(LiveBb84Bench(SCENE, SEED), whole_link())
    rack.up()
    free = threading.Event()
    try:
        monkeypatch.setattr("drivers.emulation.rack.rack.PATIENCE_S", 0.05)
        assert rack._loop is not None
        rack._loop.call_soon_threadsafe(free.wait)
        with pytest.raises(NoAnswer, match="bench-speed"):
            rack.snapshot()
        threading.Timer(0.5, free.set).start()
    finally:
        rack.down()
    assert rack._loop is None

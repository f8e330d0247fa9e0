"""From names to open instruments, and what is said when a name is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.configuration import InstrumentConfig, open_all
from drivers.emulation.rack.emulators import EMULATORS
from drivers.emulation.rack.shelf import Shelf
from drivers.errors import AddressError, ConnectionFailed, DriverError, LimitError, UnknownName
from drivers.instrument import close_all
from drivers.parameters import parameters_of
from drivers.registry import DRIVERS, check_settings, driver_class, open_instrument
from tests.drivers.stands import MemoryStand, in_mind, whole_link


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_can_be_named(driver: str) -> None:
    kind = driver_class(driver)
    assert kind.__doc__
    module = __import__(kind.__module__, fromlist=["x"])
    assert module.__doc__
    assert len(module.__doc__.splitlines()[0]) < 110


@pytest.mark.parametrize("driver", [driver for driver in DRIVERS if driver in EMULATORS])
def test_every_emulator_has_the_ports_of_its_driver(driver: str) -> None:
    assert tuple(EMULATORS[driver].hosts) == driver_class(driver).PORTS


@pytest.mark.parametrize("driver", DRIVERS)
def test_parameters_are_in_the_house_style(driver: str) -> None:
    """A sentence says what it is, and its unit stands in its name."""
    for parameter in parameters_of(driver_class(driver)):
        assert parameter.__doc__, parameter.name
        assert parameter.__doc__.endswith("."), parameter.name
        assert parameter.readable or parameter.writable, parameter.name
        if parameter.unit:
            assert parameter.name.endswith(f"_{parameter.unit.lower()}"), parameter.name
        if parameter.writable and parameter.kind in (int, float, tuple):
            assert None not in (parameter.low, parameter.high), f"{parameter.name} has no range"


def test_an_unknown_driver_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"there is no driver 'hp-8156b'; there are: .*hp-8156a"):
        driver_class("hp-8156b")


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"attenuation": 3}, UnknownName, "has no setting 'attenuation'; it has: .*attenuation_db"),
        ({"offset_db": 3}, UnknownName, "has no setting 'offset_db'"),
        ({"attenuation_db": 61}, LimitError, "must be a number from 0 to 60 dB, got 61; nothing was sent"),
        ({"attenuation_db": "3"}, LimitError, "must be a number from 0 to 60 dB, got '3'"),
        ({"attenuation_db": True}, LimitError, "must be a number from 0 to 60 dB, got True"),
        ({"attenuation_db": float("nan")}, LimitError, "must be a number from 0 to 60 dB, got nan"),
        ({"shutter_open": 1}, LimitError, "must be true or false, got 1"),
    ],
)
def test_settings_are_held_against_the_driver(
    settings: dict[str, object], kind: type[DriverError], words: str
) -> None:
    with pytest.raises(kind, match=f"^alice.voa: .*{words}"):
        check_settings("alice.voa", "hp-8156a", settings)


@pytest.mark.parametrize(
    ("driver", "address", "words"),
    [
        ("hp-8156a", {"control": "tcp://192.0.2.1:1"}, "needs an address, got"),
        ("single-quantum-eos", "tcp://192.0.2.1:1", "needs addresses for control and counts, got"),
        ("single-quantum-eos", {"control": "tcp://192.0.2.1:1"}, "needs addresses for control and counts"),
    ],
)
def test_an_instrument_wants_as_many_addresses_as_it_has_ports(
    driver: str, address: str | dict[str, str], words: str
) -> None:
    with pytest.raises(AddressError, match=f"^alice.thing: {words}"):
        open_instrument("alice.thing", driver, address)


def test_where_nobody_answers_the_instrument_is_named() -> None:
    with pytest.raises(ConnectionFailed, match=r"^alice.voa: tcp://127.0.0.1:1: nothing answers"):
        open_instrument("alice.voa", "hp-8156a", "tcp://127.0.0.1:1")


def test_the_wrong_instrument_at_an_address_is_told() -> None:
    stand = in_mind(whole_link())
    for name, other in (("alice.power_meter", "hp-8156a"), ("alice.laser", "s15-tdc1")):
        with pytest.raises(DriverError, match=r"^bench.thing: "):
            open_instrument("bench.thing", other, stand.addresses[name], models=stand.models)


def test_settings_are_applied_in_the_order_of_declaration() -> None:
    """A current above the old limit is taken once the new limit is."""
    stand = in_mind(whole_link())
    with stand.open("alice.laser", current_ma=300.0, current_limit_ma=350.0) as laser:
        assert laser.current_ma == 300.0  # type: ignore[attr-defined]


def test_if_one_cannot_be_opened_those_before_it_are_closed() -> None:
    parties = whole_link()
    stand = in_mind(parties)
    instruments = {
        "laser": parties["alice"]["laser"],
        "attenuator": InstrumentConfig(driver="hp-8156a", address="mem:nobody"),
    }
    with pytest.raises(AddressError, match="mem:nobody"):
        open_all("alice", instruments, stand.addresses, stand.models)
    assert is_off(stand)


def is_off(stand: MemoryStand) -> bool:
    return stand.say("alice.laser", "lason").split() == ["lason", "0", ">>"]


def test_one_that_cannot_be_made_safe_keeps_no_other_from_it() -> None:
    parties = whole_link()
    stand = in_mind(parties)
    instruments = {name: parties["alice"][name] for name in ("laser", "attenuator")}
    opened = open_all("alice", instruments, stand.addresses, stand.models)
    stand.fault("alice.attenuator", "mute", True)
    (failure,) = close_all(opened.values())
    assert str(failure).startswith("alice.attenuator: ")
    assert str(failure).endswith("go and look")
    assert is_off(stand)


def test_what_was_not_left_safe_is_told_beside_what_could_not_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parties = whole_link()
    stand = in_mind(parties)

    def opening(name: str, *rest: Any) -> Any:
        if name != "alice.power_meter":
            return open_instrument(name, *rest)
        stand.fault("alice.attenuator", "mute", True)
        raise AddressError(f"{name}: nobody is there")

    monkeypatch.setattr("drivers.configuration.open_instrument", opening)
    instruments = {name: parties["alice"][name] for name in ("laser", "attenuator", "power_meter")}
    with pytest.raises(
        AddressError, match=r"power_meter: nobody is there; besides, alice.attenuator: .*go and look"
    ):
        open_all("alice", instruments, stand.addresses, stand.models)
    assert is_off(stand)


def test_an_address_left_to_the_rack_needs_a_rack() -> None:
    with pytest.raises(UnknownName, match=r"^bob.tagger: .*bring the rack up first"):
        open_all("bob", {"tagger": InstrumentConfig(driver="s15-tdc1")})


def test_a_shelf_refuses_what_cannot_stand_there() -> None:
    stand = in_mind({})
    for party, driver, words in (
        ("alice", "system-random", "cannot be emulated; these can: "),
        ("alice", "s15-tdc1", "this bench has no place for a tagger at alice"),
        ("eve", "koheron-ctl200", "this bench has no place for a laser at eve"),
    ):
        with pytest.raises(UnknownName, match=words):
            Shelf(stand.bench, {party: {"thing": InstrumentConfig(driver=driver)}})

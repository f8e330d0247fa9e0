"""Where the tests' instruments stand: in memory, on the emulated rack, or in a laboratory."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.configuration import InstrumentConfig, Parties
from drivers.emulation.bench.live_bb84 import LiveBb84Bench
from drivers.emulation.bench.live_parameters import DecoyAlice, LiveBb84Scene
from drivers.emulation.bench.parameters import Detector, Receiver
from drivers.emulation.rack import Rack, Shelf, in_memory
from drivers.emulation.rack.emulators import EMULATORS
from drivers.instrument import BaseInstrument
from drivers.registry import Addresses, open_instrument
from drivers.transport.memory import Models

SEED = 20_240_229
DETECTOR = Detector(efficiency=0.8, dark_count_rate_hz=200.0, jitter_rms_ps=60.0, dead_time_ps=20_000)
SCENE = LiveBb84Scene(
    alice=DecoyAlice(nominal_mean=0.5),
    channel_loss_db=10.0,
    misalignment_error=0.01,
    bob=Receiver(key_basis_probability=0.7, detectors=(DETECTOR,) * 4),
)
#: Who has an instrument of a kind.
OWNERS = {"tagger": "bob", "detectors": "bob", "detector": "bob", "polarisation": "bob"}


class Stand:
    """Emulated instruments, and a hand that reaches behind them."""

    parties: Parties
    addresses: dict[str, Addresses]
    models: Models | None = None

    def open(self, full: str, **settings: Any) -> BaseInstrument:
        party, name = full.split(".")
        config = self.parties[party][name]
        return open_instrument(
            full, config.driver, self.addresses[full], {**config.settings, **settings}, self.models
        )

    def set(self, knob: str, value: float | bool) -> None:
        raise NotImplementedError

    def fault(self, full: str, fault: str, value: float | bool) -> None:
        raise NotImplementedError

    def say(self, full: str, text: str) -> str:
        raise NotImplementedError


class MemoryStand(Stand):
    """In memory, in a time of its own."""

    def __init__(self, parties: Parties, scene: LiveBb84Scene) -> None:
        self.parties = parties
        self.bench = LiveBb84Bench(scene, SEED)
        self.shelf = Shelf(self.bench, parties)
        self.addresses, self.models = in_memory(self.shelf)

    @property
    def now_s(self) -> float:
        assert self.models is not None
        return self.models.clock.now_s

    def wait(self, duration_s: float) -> None:
        assert self.models is not None
        self.models.clock.now_s += duration_s

    def set(self, knob: str, value: float | bool) -> None:
        self.shelf.turn(knob, value, self.now_s)

    def fault(self, full: str, fault: str, value: float | bool) -> None:
        self.shelf.fault(full, fault, value, self.now_s)

    def say(self, full: str, text: str) -> str:
        return self.shelf.say(full, text, self.now_s)


class RackStand(Stand):
    """Over sockets and pseudo-terminals, in real time."""

    def __init__(self, parties: Parties, rack: Rack) -> None:
        self.parties, self.rack, self.addresses = parties, rack, rack.addresses
        self.set, self.fault, self.say, self.cut = rack.set, rack.fault, rack.say, rack.cut  # type: ignore[method-assign]


@contextmanager
def on_rack(parties: Parties, scene: LiveBb84Scene = SCENE) -> Iterator[RackStand]:
    with Rack(LiveBb84Bench(scene, SEED), parties) as rack:
        yield RackStand(parties, rack)


def in_mind(parties: Parties, scene: LiveBb84Scene = SCENE) -> MemoryStand:
    return MemoryStand(parties, scene)


def one_of(driver: str) -> tuple[Parties, str]:
    """A configuration with only one instrument, and its full name."""
    party = OWNERS.get(EMULATORS[driver].kind, "alice")
    return {party: {"thing": InstrumentConfig(driver=driver)}}, f"{party}.thing"


def whole_link() -> Parties:
    """One instrument of each kind that a link needs, set as in a run."""
    alice = {
        "laser": InstrumentConfig(driver="koheron-ctl200", settings={"current_ma": 40.0, "emitting": True}),
        "attenuator": InstrumentConfig(
            driver="hp-8156a", settings={"attenuation_db": 40.0, "shutter_open": True}
        ),
        "power_meter": InstrumentConfig(driver="thorlabs-pm100d", settings={"wavelength_nm": 1550.0}),
        "transmitter": InstrumentConfig(driver="qkdctl-transmitter"),
        "random": InstrumentConfig(driver="device-random"),
    }
    bob = {
        "detectors": InstrumentConfig(
            driver="single-quantum-eos", settings={"bias_current_ua": [15.0] * 4, "enabled": True}
        ),
        "tagger": InstrumentConfig(driver="s15-tdc1", settings={"threshold_v": 1.0, "clock": "automatic"}),
    }
    return {"alice": alice, "bob": bob}


@dataclass(frozen=True, kw_only=True)
class RealInstrument(InstrumentConfig):
    """One of a laboratory."""

    may_emit: bool = False


def laboratory(path: Path) -> dict[str, RealInstrument]:
    """The instruments of a laboratory: one TOML table each, as in a scenario."""
    return {name: RealInstrument(**table) for name, table in tomllib.loads(path.read_text()).items()}

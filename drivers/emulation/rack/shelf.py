"""Models of all the instruments of a rack, each plugged into its place on the bench."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Protocol

from drivers.configuration import RACK, Parties, full_name
from drivers.emulation.faults import Faults, FaultyPort, Power
from drivers.emulation.knob import Knob
from drivers.emulation.models.base import Model
from drivers.emulation.rack.emulators import EMULATORS, NOWHERE, Emulator
from drivers.errors import UnknownName
from drivers.identity import EMULATED_MARK
from drivers.registry import Addresses
from drivers.transport.memory import Models, Port, VirtualClock


class Bench(Protocol):
    """What a rack needs of a bench."""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """What a hand can change."""
        ...

    def seams(self, party: str) -> dict[str, Any]:
        """Give what instruments of a party can be plugged into, by the kind of instrument."""
        ...


#: How long, how late or how much may be asked for.
LONGEST_S, MOST = 3600.0, 1e6
LINE_FAULTS = {
    "mute": "it takes no notice and says nothing",
    "delay_s": "what it says comes so much later",
    "split_s": "what it says comes in two halves, so far apart",
    "drop_bytes": "so many bytes of what it says next get lost",
}
#: The fault that is none of a line's: it is switched off, and is back after so many seconds.
REBOOT = "reboot_s"


class Place:
    """One instrument in the rack.

    Parameters
    ----------
    driver : str
    emulator : Emulator
    seam : object
        What it is plugged into.
    serial : str
    """

    def __init__(self, driver: str, emulator: Emulator, seam: Any, serial: str) -> None:
        self.driver, self.hosts = driver, emulator.hosts
        self.faults, self.power = Faults(), Power()
        self._make: Callable[[], Model] = lambda: emulator.make(seam, serial)
        self.model = self._make()

    def ports(self) -> dict[str, Port]:
        """Give its ports, with whatever is wrong with them."""
        return {name: FaultyPort(self._port(name), self.faults, self.power) for name in self.model.ports}

    def knobs(self) -> dict[str, Knob]:
        """Give what can go wrong, by name."""
        own = {each.name: self._line_fault(each.name, type(each.default)) for each in fields(Faults)}
        boots = Knob(
            "it is switched off, and on again so much later", lambda: 0.0, self._reboot, 0.0, LONGEST_S
        )
        return {**own, REBOOT: boots, **self.model.troubles}

    def wrong(self) -> dict[str, float | bool]:
        """Tell what is."""
        return {name: value for name, knob in self.knobs().items() if (value := knob.read())}

    def _port(self, name: str) -> Callable[[], Port]:
        return lambda: self.model.ports[name]

    def _reboot(self, now_s: float, length_s: float) -> None:
        """Switch it off and on: it is as it was when it was new, and its settings are gone."""
        self.model = self._make()
        self.power.boots += 1
        self.power.back_s = now_s + length_s

    def _line_fault(self, name: str, kind: type) -> Knob:
        def turn(now_s: float, value: Any) -> None:
            setattr(self.faults, name, kind(value))

        most = 0.0 if kind is bool else MOST
        return Knob(LINE_FAULTS[name], lambda: getattr(self.faults, name), turn, 0.0, most)


class Shelf:
    """All of them.

    Parameters
    ----------
    bench : Bench
    parties : mapping of str to mapping of str to InstrumentConfig
        The instruments, by party and name; those with another address than ``rack`` are left out.

    Raises
    ------
    UnknownName
        If an instrument cannot be emulated, or has no place on the bench.
    """

    def __init__(self, bench: Bench, parties: Parties) -> None:
        self.bench = bench
        self.places: dict[str, Place] = {}
        self._taken: Counter[tuple[str, str]] = Counter()
        for party, instruments in parties.items():
            for name, config in instruments.items():
                if config.address == RACK:
                    full = full_name(party, name)
                    self.places[full] = self._place(full, party, config.driver)

    def turn(self, name: str, value: float | bool, now_s: float) -> None:
        """Turn a knob of the bench."""
        knobs = self.bench.knobs
        if name not in knobs:
            raise UnknownName(f"the bench has no knob {name!r}; it has: {', '.join(sorted(knobs))}")
        knobs[name].check(name, value)
        knobs[name].turn(now_s, value)

    def fault(self, name: str, fault: str, value: float | bool, now_s: float) -> None:
        """Make something wrong with an instrument, or right again."""
        knobs = self.place(name).knobs()
        if fault not in knobs:
            raise UnknownName(f"{name} cannot have the fault {fault!r}; it can have: {', '.join(knobs)}")
        knobs[fault].check(fault, value)
        knobs[fault].turn(now_s, value)

    def faults(self, name: str) -> dict[str, str]:
        """Name what can go wrong with an instrument, with a word on each."""
        return {fault: knob.doc for fault, knob in self.place(name).knobs().items()}

    def say(self, name: str, text: str, now_s: float) -> str:
        """Say something to an instrument on a line of its own, as if at its front panel; give the answers."""
        place = self.place(name)
        line = next(iter(place.model.ports.values())).connect(now_s)
        answers = b"".join(data for _, data in line.feed(text.encode() + b"\r\n", now_s))
        line.hang_up()
        return answers.decode("ascii", "replace")

    def snapshot(self) -> dict[str, Any]:
        """Tell the position of all knobs, and what is wrong with whom."""
        return {
            "knobs": {name: knob.read() for name, knob in self.bench.knobs.items()},
            "faults": {name: wrong for name, place in self.places.items() if (wrong := place.wrong())},
            "instruments": {name: place.driver for name, place in self.places.items()},
        }

    def place(self, name: str) -> Place:
        """Find an instrument."""
        if name not in self.places:
            raise UnknownName(f"the rack has no {name!r}; it has: {', '.join(sorted(self.places))}")
        return self.places[name]

    def _place(self, full: str, party: str, driver: str) -> Place:
        if driver not in EMULATORS:
            known = ", ".join(sorted(EMULATORS))
            raise UnknownName(f"{full}: {driver!r} cannot be emulated; these can: {known}")
        serial = f"{EMULATED_MARK}{zlib.crc32(full.encode()) % 10**6:06d}"
        return Place(driver, EMULATORS[driver], self._seam(full, party, EMULATORS[driver].kind), serial)

    def _seam(self, full: str, party: str, kind: str) -> Any:
        """Find where it is plugged in: of places that there are several of, the next one."""
        seams = self.bench.seams(party) | {NOWHERE: None}
        if kind not in seams:
            raise UnknownName(f"{full}: this bench has no place for a {kind} at {party}")
        if not isinstance(seams[kind], list):
            return seams[kind]
        number = self._taken[party, kind]
        if number == len(seams[kind]):
            raise UnknownName(f"{full}: this bench has places for {number} of a {kind} at {party}, all taken")
        self._taken[party, kind] += 1
        return seams[kind][number]


def in_memory(shelf: Shelf) -> tuple[dict[str, Addresses], Models]:
    """Host a shelf in memory, in a time of its own.

    Returns
    -------
    dict of str to address, Models
        What :func:`drivers.configuration.open_all` takes.
    """
    ports: dict[str, Port] = {}
    addresses: dict[str, Addresses] = {}
    for full, place in shelf.places.items():
        own = {f"{full}/{name}": port for name, port in place.ports().items()}
        ports |= own
        named = {name: f"mem:{full}/{name}" for name in place.hosts}
        addresses[full] = named["main"] if list(named) == ["main"] else named
    return addresses, Models(ports, VirtualClock())

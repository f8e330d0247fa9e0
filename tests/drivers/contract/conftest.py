"""What every instrument of a role must do, held against all of that role: in memory, on the rack, behind a
vendor's library, in the laboratory.

A module of contracts names its role by the package in ``drivers`` whose instruments have it: ``ROLE = "lasers"``.
Its tests ask for a `subject`. ``pytest --rack lab.toml`` adds the real instruments of that file, one table each:

    [attenuator]
    driver = "hp-8156a"
    address = "visa://GPIB0::28::INSTR"

    [laser]
    driver = "koheron-ctl200"
    address = "serial:///dev/ttyUSB0"
    may_emit = true             # without it, tests that switch a laser on are skipped
    settings = { current_limit_ma = 50.0 }
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.configuration import InstrumentConfig
from drivers.emulation.rack.emulators import EMULATORS
from drivers.instrument import BaseInstrument
from drivers.registry import DRIVERS, open_instrument
from tests.drivers.stands import Stand, in_mind, laboratory, on_rack, one_of
from tests.drivers.time_taggers.harps import FILES, built, inside


@dataclass
class Subject:
    """An open instrument, and whoever stands behind it; nobody does behind a real one."""

    instrument: BaseInstrument
    name: str
    stand: Stand | None
    may_emit: bool = True


#: Instruments that are reached through a vendor's library, and who builds a stand-in for it.
LIBRARIES = dict.fromkeys(FILES, built)


class LibraryStand(Stand):
    """A stand-in for a vendor's library; nobody can reach behind it."""

    def __init__(self, driver: str, address: str) -> None:
        self.parties = {"bob": {"thing": InstrumentConfig(driver=driver)}}
        self.addresses = {"bob.thing": address}

    def fault(self, full: str, fault: str, value: float | bool) -> None:
        pytest.skip("it is no line that could be cut or silenced")


def of_role(driver: str, role: str) -> bool:
    return role == "*" or DRIVERS[driver].startswith(f"drivers.{role}.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" not in metafunc.fixturenames:
        return
    role = metafunc.module.ROLE
    found: list[tuple[str, str | InstrumentConfig]] = [
        (place, driver) for place in ("memory", "rack") for driver in EMULATORS if of_role(driver, role)
    ]
    found += [("library", driver) for driver in LIBRARIES if of_role(driver, role)]
    names = [f"{place}-{driver}" for place, driver in found]
    if path := metafunc.config.getoption("rack"):
        real = {
            name: config for name, config in laboratory(Path(path)).items() if of_role(config.driver, role)
        }
        found += [("lab", config) for config in real.values()]
        names += [f"lab-{name}" for name in real]
    metafunc.parametrize("subject", found, ids=names, indirect=True)


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    place, what = request.param
    with ExitStack() as stack:
        if place == "lab":
            opened = open_instrument("lab.thing", what.driver, what.address, what.settings)
            yield Subject(stack.enter_context(opened), "lab.thing", None, what.may_emit)
            return
        if place == "library":
            inside(what)
            library = LibraryStand(what, f"sdk:EMU0042@{LIBRARIES[what](what)}")
            yield Subject(stack.enter_context(library.open("bob.thing")), "bob.thing", library)
            return
        parties, name = one_of(what)
        stand = in_mind(parties) if place == "memory" else stack.enter_context(on_rack(parties))
        yield Subject(stack.enter_context(stand.open(name)), name, stand)

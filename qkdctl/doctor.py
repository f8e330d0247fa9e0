"""A look at one instrument: who it is, whether it is emulated, what its self-test finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from drivers.configuration import InstrumentConfig, full_name, open_all
from drivers.errors import DriverError
from drivers.identity import Finding, wrong
from drivers.registry import Addresses

REMEDY = "until that is mended, no session can use it"


@dataclass(frozen=True)
class Examined:
    """What was found.

    Attributes
    ----------
    name : str
        Such as ``bob.tagger``.
    driver, identity, emulated : str
        Identity is empty where the instrument could not be reached.
    findings : list of Finding
    """

    name: str
    driver: str
    identity: str
    emulated: str
    findings: list[Finding]

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.good for finding in self.findings)

    def figures(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {**asdict(self), "well": self.well}


def examine(party: str, role: str, config: InstrumentConfig, rack: Mapping[str, Addresses]) -> Examined:
    """Open an instrument, with its settings, ask it, and leave it safe."""
    name = full_name(party, role)
    try:
        instrument = open_all(party, {role: config}, rack)[role]
        with instrument:
            identity = instrument.identity()
            findings = instrument.self_test()
    except DriverError as error:
        return Examined(name, config.driver, "", "unknown", [wrong(str(error), REMEDY)])
    return Examined(name, config.driver, str(identity), config.emulated(identity), findings)

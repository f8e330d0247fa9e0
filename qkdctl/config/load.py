"""Reading a scenario file, and holding it against the models before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drivers.errors import DriverError
from drivers.registry import check_settings
from postproc.errors import PostprocError
from postproc.parameters.session import Bbm92, DecoyBb84, Session
from postproc.protocols import proof_of
from qkdctl.config.calibration import CalibrationTable
from qkdctl.config.complaints import shown
from qkdctl.config.emulation import DecoyEmulation, Emulation, PairEmulation
from qkdctl.config.instruments import Instruments
from qkdctl.config.processes import DEFAULT, Layout, checked_layout
from qkdctl.config.scenario import Scenario
from qkdctl.config.toml import read_toml, validate
from qkdctl.errors import ConfigurationError

PROTOCOLS: dict[str, type[Session]] = {"bbm92": Bbm92, "decoy-bb84": DecoyBb84}
EMULATIONS: dict[str, type[Emulation]] = {"bbm92": PairEmulation, "decoy-bb84": DecoyEmulation}


def load_scenario(path: Path) -> Scenario:
    """Read and validate a scenario file.

    Raises
    ------
    ConfigurationError
        Naming the file, the key, the value, and what is allowed: a line for each mistake.
    """
    table = read_toml(path, "scenario file")
    name = table.pop("name", path.stem)
    if not isinstance(name, str):
        raise ConfigurationError(f"{path}: name is {shown(name)}, expected a string")
    protocol = _protocol(path, table)
    groups = table.pop("processes", None)
    bench, stands = table.pop("emulation", None), table.pop("instruments", {})
    facts = table.pop("calibration", {})
    parameters = validate(path, PROTOCOLS[protocol], table)
    emulation = None if bench is None else validate(path, EMULATIONS[protocol], bench, "emulation")
    instruments = validate(path, Instruments, stands, "instruments")
    calibration = validate(path, CalibrationTable, facts, "calibration")
    _check_drivers(path, instruments)
    try:
        _, waived = proof_of(parameters)
    except PostprocError as error:
        raise ConfigurationError(f"{path}: security: {error}") from None
    layout = DEFAULT if groups is None else checked_layout(path, validate(path, Layout, groups, "processes"))
    return Scenario(name, parameters, waived, emulation, instruments, calibration, layout)


def parameters_from(name: str, table: dict[str, Any]) -> Session:
    """Validate what is agreed, given as a table; `name` is whose it is.

    Raises
    ------
    ConfigurationError
    """
    path = Path(name)
    parameters: Session = validate(path, PROTOCOLS[_protocol(path, table)], table)
    return parameters


def _check_drivers(path: Path, instruments: Instruments) -> None:
    """Hold names of drivers and their settings against what the drivers declare."""
    for place, here in instruments.items():
        for role, instrument in here.items():
            try:
                check_settings(role, instrument.driver, instrument.settings)
            except DriverError as error:
                what = str(error).removeprefix(f"{role}: ")
                raise ConfigurationError(f"{path}: instruments.{place}.{role}: {what}") from None


def _protocol(path: Path, table: dict[str, Any]) -> str:
    protocol, known = table.get("protocol"), " or ".join(f'"{name}"' for name in PROTOCOLS)
    if protocol is None:
        raise ConfigurationError(f"{path}: protocol is missing, expected {known}")
    if protocol not in list(PROTOCOLS):
        raise ConfigurationError(f"{path}: protocol is {shown(protocol)}, expected {known}")
    return str(protocol)

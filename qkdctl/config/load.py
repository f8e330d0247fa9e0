"""Reading a scenario file, and holding it against the models before anything runs."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from drivers.errors import DriverError
from drivers.registry import check_settings
from postproc.errors import PostprocError
from postproc.parameters.session import Bbm92, DecoyBb84, Session
from postproc.protocols import proof_of
from qkdctl.config.calibration import CalibrationTable
from qkdctl.config.complaints import complaints, shown
from qkdctl.config.emulation import DecoyEmulation, Emulation, PairEmulation
from qkdctl.config.instruments import Instruments
from qkdctl.config.processes import DEFAULT, Layout, checked_layout
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError

MAX_BYTES = 2**20

PROTOCOLS: dict[str, type[Session]] = {"bbm92": Bbm92, "decoy-bb84": DecoyBb84}
EMULATIONS: dict[str, type[Emulation]] = {"bbm92": PairEmulation, "decoy-bb84": DecoyEmulation}

M = TypeVar("M")


def load_scenario(path: Path) -> Scenario:
    """Read and validate a scenario file.

    Raises
    ------
    ConfigurationError
        Naming the file, the key, the value, and what is allowed: a line for each mistake.
    """
    table = _read(path)
    name = table.pop("name", path.stem)
    if not isinstance(name, str):
        raise ConfigurationError(f"{path}: name is {shown(name)}, expected a string")
    protocol = _protocol(path, table)
    groups = table.pop("processes", None)
    bench, stands = table.pop("emulation", None), table.pop("instruments", {})
    facts = table.pop("calibration", {})
    parameters = _validate(path, PROTOCOLS[protocol], table)
    emulation = None if bench is None else _validate(path, EMULATIONS[protocol], bench, "emulation")
    instruments = _validate(path, Instruments, stands, "instruments")
    calibration = _validate(path, CalibrationTable, facts, "calibration")
    _check_drivers(path, instruments)
    try:
        _, waived = proof_of(parameters)
    except PostprocError as error:
        raise ConfigurationError(f"{path}: security: {error}") from None
    layout = DEFAULT if groups is None else checked_layout(path, _validate(path, Layout, groups, "processes"))
    return Scenario(name, parameters, waived, emulation, instruments, calibration, layout)


def parameters_from(name: str, table: dict[str, Any]) -> Session:
    """Validate what is agreed, given as a table; `name` is whose it is.

    Raises
    ------
    ConfigurationError
    """
    path = Path(name)
    parameters: Session = _validate(path, PROTOCOLS[_protocol(path, table)], table)
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


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"{path}: is no scenario file: those have at most {MAX_BYTES} bytes")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is no scenario file: it is not text") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is not TOML: it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None


def _protocol(path: Path, table: dict[str, Any]) -> str:
    protocol, known = table.get("protocol"), " or ".join(f'"{name}"' for name in PROTOCOLS)
    if protocol is None:
        raise ConfigurationError(f"{path}: protocol is missing, expected {known}")
    if protocol not in list(PROTOCOLS):
        raise ConfigurationError(f"{path}: protocol is {shown(protocol)}, expected {known}")
    return str(protocol)


def _validate(path: Path, kind: Any, table: Any, place: str = "") -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        # TOML's dates, which no key here takes, become strings and are complained about as such.
        return adapter.validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        lines = [f"{path}: {complaint}" for complaint in complaints(kind, error, place)]
        raise ConfigurationError("\n".join(lines)) from None

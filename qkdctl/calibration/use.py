"""How a session takes a calibration: what is agreed, settings of the instruments, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from drivers.errors import DriverError
from drivers.instrument import BaseInstrument
from postproc.types import Alarm, Figure, Role
from qkdctl.calibration.record import AGREED, Calibration, Change, Value
from qkdctl.config.load import parameters_from
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError, InstrumentsError

DELAYS = ".delay_ps"
HOLD_OFF = ".hold_off_ps"
WIDTHS = ("gate_ps", "window_ps")


def agreed_value(scenario: Scenario, name: str) -> Value:
    """Tell how something is agreed: ``gate_ps``, ``window_ps``, ``bob.delay_ps`` (by detector), ``bob.hold_off_ps``.

    Raises
    ------
    ConfigurationError
        If nothing of this name can be calibrated.
    """
    table = asdict(scenario.parameters)
    receiver = table.get(name.partition(".")[0])
    if name in WIDTHS and name in table:
        return float(table[name])
    if isinstance(receiver, dict) and name.endswith(DELAYS):
        return [float(detector["delay_ps"]) for detector in receiver["detectors"]]
    if isinstance(receiver, dict) and name.endswith(HOLD_OFF):
        return float(receiver["hold_off_ps"])
    raise ConfigurationError(f"{scenario.name}: has no {name} that could be calibrated")


def with_agreed(scenario: Scenario, name: str, value: Value) -> Scenario:
    """Give the scenario with something agreed otherwise, held against the same bounds as its file.

    Raises
    ------
    ConfigurationError
        If there is no such thing, or the value is out of bounds.
    """
    before = agreed_value(scenario, name)
    table: dict[str, Any] = asdict(scenario.parameters)
    if isinstance(value, list) != isinstance(before, list) or (
        isinstance(value, list) and isinstance(before, list) and len(value) != len(before)
    ):
        raise ConfigurationError(
            f"{scenario.name}: a calibrated {name} does not fit the scenario; calibrate anew"
        )
    party = name.partition(".")[0]
    if isinstance(value, list):
        for detector, delay in zip(table[party]["detectors"], value, strict=True):
            detector["delay_ps"] = round(delay)
    elif name in WIDTHS:
        table[name] = round(value)
    else:
        table[party]["hold_off_ps"] = round(value)
    return replace(scenario, parameters=parameters_from(scenario.name, json.loads(json.dumps(table))))


def calibrated(scenario: Scenario, calibration: Calibration | None) -> Scenario:
    """Give a scenario with what a calibration found for what is agreed."""
    for change in calibration.changes if calibration else ():
        if change.place == AGREED:
            scenario = with_agreed(scenario, change.name, change.after)
    return scenario


def apply(
    party: Role, instruments: Mapping[str, BaseInstrument], calibration: Calibration
) -> Iterator[Alarm]:
    """Set a party's instruments as they were calibrated; say which were exchanged since, and leave those alone.

    Raises
    ------
    InstrumentsError
        If one refuses a setting.
    """
    for result in calibration.results:
        here = {place: result.instruments.get(place) for place in (f"{party}.{role}" for role in instruments)}
        foreign = [
            place
            for place, known in here.items()
            if known is not None and known != str(instruments[place.partition(".")[2]].identity())
        ]
        for place in foreign:
            figures: dict[str, Figure] = {"step": result.step, "calibrated": str(here[place])}
            yield Alarm("calibration-foreign", "warning", place, figures, FOREIGN)
        for change in result.changes:
            if change.place in here and change.place not in foreign:
                _set(instruments[change.place.partition(".")[2]], change)


def stale(calibration: Calibration, max_age_h: float, now: datetime | None = None) -> Iterator[Alarm]:
    """Say which results are too old."""
    for result in calibration.results:
        age_h = ((now or datetime.now(UTC)) - result.moment).total_seconds() / 3600
        if age_h > max_age_h:
            figures: dict[str, Figure] = {"age_h": round(age_h, 1), "max_age_h": max_age_h}
            yield Alarm("calibration-stale", "warning", f"calibration of {result.step}", figures, STALE)


def _set(instrument: BaseInstrument, change: Change) -> None:
    value = tuple(change.after) if isinstance(change.after, list) else change.after
    if not hasattr(type(instrument), change.name):
        raise ConfigurationError(
            f"{change.place}: the calibration sets {change.name}, which its driver does not have; calibrate anew"
        )
    try:
        setattr(instrument, change.name, value)
    except DriverError as error:
        raise InstrumentsError(f"{error} (set by the calibration)") from None


FOREIGN = (
    "Another instrument stands here than the one that was calibrated, so its calibrated settings were left out. "
    "Calibrate anew: qkdctl calibrate."
)
STALE = "This was calibrated too long ago to rely on. Calibrate anew: qkdctl calibrate."

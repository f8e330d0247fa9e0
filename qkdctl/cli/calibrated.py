"""Options by which a session finds its calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from postproc.types import Role
from qkdctl.calibration.record import calibration_path, read_calibration
from qkdctl.calibration.use import calibrated
from qkdctl.config.load import load_scenario
from qkdctl.config.scenario import Scenario
from qkdctl.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def calibration_options(command: F) -> F:
    """Add ``--calibration`` and ``--no-calibration``."""
    for option in (
        click.option(
            "--no-calibration", "uncalibrated", is_flag=True, help="Use the scenario alone, as it stands."
        ),
        click.option(
            "--calibration",
            type=click.Path(path_type=Path),
            help="Results of qkdctl calibrate; those beside CONFIG by default, if there are any.",
        ),
    ):
        command = option(command)
    return command


def found_calibration(scenario: Path, given: Path | None, uncalibrated: bool) -> Path | None:
    """Find the calibration of a scenario file.

    Raises
    ------
    UsageError
        If one is given, and also that there be none.
    """
    if given is not None and uncalibrated:
        raise UsageError("give --calibration or --no-calibration, not both")
    beside = calibration_path(scenario)
    return None if uncalibrated else given or (beside if beside.exists() else None)


def load_calibrated(
    files: Mapping[Role, Path], given: Path | None, uncalibrated: bool
) -> tuple[dict[Role, Scenario], dict[Role, Path]]:
    """Load both parties' scenarios as they are calibrated; give also where each calibration was found.

    Raises
    ------
    ConfigurationError
        If a scenario or a calibration is not valid.
    """
    found = {role: found_calibration(path, given, uncalibrated) for role, path in files.items()}
    scenarios = {
        role: calibrated(load_scenario(path), read_calibration(where) if (where := found[role]) else None)
        for role, path in files.items()
    }
    return scenarios, {role: where for role, where in found.items() if where is not None}

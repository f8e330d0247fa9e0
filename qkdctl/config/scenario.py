"""A scenario: the agreed parameters, and what they mean for the keys made with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postproc.parameters.session import Session
from postproc.types import Role
from qkdctl.config.calibration import DEFAULT, CalibrationTable
from qkdctl.config.emulation import Emulation
from qkdctl.config.instruments import Instruments
from qkdctl.config.processes import DEFAULT as DEFAULT_LAYOUT
from qkdctl.config.processes import Layout
from qkdctl.errors import ConfigurationError


@dataclass(frozen=True)
class Scenario:
    """A validated scenario file.

    Attributes
    ----------
    name : str
    parameters : Session
        What the two parties must agree on.
    waived : tuple of str
        Assumptions of the proof that the link does not fulfil and that the scenario waives.
    emulation : Emulation or None
        What to put on the bench where there is no hardware.
    instruments : dict
        What stands at each place; see :mod:`qkdctl.config.instruments`.
    calibration : CalibrationTable
        What a calibration has to be told.
    layout : tuple of tuple of str
        Which stages share a process of a node.
    """

    name: str
    parameters: Session
    waived: tuple[str, ...]
    emulation: Emulation | None
    instruments: Instruments
    calibration: CalibrationTable = DEFAULT
    layout: Layout = DEFAULT_LAYOUT

    def check_live(self) -> None:
        """Say whether a running session can make keys of this scenario.

        Raises
        ------
        ConfigurationError
            If it makes a key of several passes: a session is one, and every pool would be refused at its end.
        """
        if (passes := self.parameters.pooling.passes) > 1:
            raise ConfigurationError(
                f"scenario {self.name} makes a key of {passes} passes (passes under [pooling]), and a running "
                "session is one pass: record each pass and give all recordings to qkdctl process, or pool "
                "consecutive blocks with passes = 1 and blocks_per_pass"
            )


def reserve_tags(scenarios: Mapping[Role, Scenario]) -> int:
    """One-time authentication keys that each direction must have left for a session to start."""
    return max(scenario.parameters.authentication.reserve_tags for scenario in scenarios.values())

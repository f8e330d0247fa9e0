"""What a step of a calibration is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, cast

from drivers.registry import driver_class
from postproc.parameters.session import DecoyBb84
from postproc.types import Role
from qkdctl.calibration.record import Change, Picture
from qkdctl.calibration.stand import Stand
from qkdctl.config.scenario import Scenario


@dataclass(frozen=True)
class Found:
    """What a step came to; see :class:`~qkdctl.calibration.record.Result`.

    Attributes
    ----------
    good : bool
        If not, the step has left everything as it was.
    verdict, advice : str
    changes : list of Change
    figures : dict of str to float
    pictures : list of Picture
    places : tuple of str
        The instruments that it rests on.
    """

    good: bool
    verdict: str
    advice: str = ""
    changes: list[Change] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    places: tuple[str, ...] = ()


def stand_at(scenario: Scenario, *places: str) -> bool:
    """Say whether instruments stand at all of these places, such as ``bob.tagger``."""
    there = {f"{party}.{role}" for party, here in scenario.instruments.items() for role in here}
    return there.issuperset(places)


def has_setting(scenario: Scenario, place: str, name: str) -> bool:
    """Say whether an instrument stands at a place whose driver has a setting."""
    if not stand_at(scenario, place):
        return False
    party, _, role = place.partition(".")
    return hasattr(driver_class(scenario.instruments[cast(Role, party)][role].driver), name)


def prepares_and_measures(scenario: Scenario) -> bool:
    """Say whether a transmitter's states are measured at the link's other end."""
    return isinstance(scenario.parameters, DecoyBb84)


class Step(Protocol):
    """A step.

    Attributes
    ----------
    name : str
        As the command line knows it.
    what : str
        What it does, in a line.
    """

    name: str
    what: str

    def fits(self, scenario: Scenario) -> bool:
        """Say whether the instruments that it needs are there."""
        ...

    def run(self, stand: Stand) -> Found:
        """Measure, set, and say what was found."""
        ...

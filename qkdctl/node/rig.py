"""A party's open instruments, by role."""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import ExitStack
from typing import TypeVar

from drivers.configuration import InstrumentConfig, open_all
from drivers.errors import DriverError
from drivers.instrument import BaseInstrument
from drivers.registry import Addresses
from drivers.roles import LightSource, plays
from drivers.transport.memory import Models
from postproc.types import Role
from qkdctl.errors import ConfigurationError, InstrumentsError

R = TypeVar("R")


class Rig:
    """Opens what a scenario names for a party, and closes it safely.

    Parameters
    ----------
    party : {"alice", "bob"}
    instruments : mapping of str to InstrumentConfig
        The scenario's table for this party.
    rack : mapping of str to address
        What the rack has given, by full name such as ``bob.tagger``.
    models : Models, optional
        What ``mem:`` addresses lead to.

    Raises
    ------
    InstrumentsError
        If an instrument cannot be reached or refuses its settings; those that were opened are closed.
    """

    def __init__(
        self,
        party: Role,
        instruments: Mapping[str, InstrumentConfig],
        rack: Mapping[str, Addresses],
        models: Models | None = None,
    ) -> None:
        self._party, self._configs = party, instruments
        try:
            self.instruments: dict[str, BaseInstrument] = open_all(party, instruments, rack, models)
        except DriverError as error:
            raise InstrumentsError(str(error)) from None

    def find(self, role: str, kind: type[R]) -> R | None:
        """Give the instrument of a role; None where the scenario has none.

        Raises
        ------
        ConfigurationError
            If the instrument there cannot play the role.
        """
        instrument = self.instruments.get(role)
        if instrument is None:
            return None
        if not plays(instrument, kind):
            raise ConfigurationError(
                f"instruments.{self._party}.{role}: its driver is for another kind of instrument"
            )
        return instrument

    def need(self, role: str, kind: type[R]) -> R:
        """Give the instrument of a role.

        Raises
        ------
        ConfigurationError
            If the scenario has none, or it cannot play the role.
        """
        instrument = self.find(role, kind)
        if instrument is None:
            raise ConfigurationError(
                f"instruments.{self._party}.{role}: is missing, and {self._party} needs one"
            )
        return instrument

    def emulated(self, vouched: Container[str] = ()) -> dict[str, str]:
        """Say of each instrument whether it is emulated: "yes", "no" or "unknown".

        Those that cannot say are real if their full names are vouched for.
        """
        return {role: self._emulated(role, each, vouched) for role, each in self.instruments.items()}

    def _emulated(self, role: str, instrument: BaseInstrument, vouched: Container[str]) -> str:
        said = self._configs[role].emulated(instrument.identity())
        return "no" if said == "unknown" and f"{self._party}.{role}" in vouched else said

    def close(self) -> None:
        """Make everything safe and let go of it, whatever fails on the way: what shines first.

        One that does not answer takes its time, and whoever waits may lose patience and kill the process.
        """
        with ExitStack() as stack:
            # A stack ends what it took last.
            for instrument in sorted(self.instruments.values(), key=_shines):
                stack.callback(instrument.close)
            self.instruments = {}


def _shines(instrument: BaseInstrument) -> bool:
    return plays(instrument, LightSource)

"""How a scenario names an instrument: driver, address, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Len

from drivers.errors import DriverError, UnknownName
from drivers.identity import Emulated, Identity, is_emulated
from drivers.instrument import BaseInstrument, close_all
from drivers.registry import Addresses, check_ports, check_settings, open_instrument
from drivers.transport.memory import Models

#: The address of an instrument that the emulated rack hosts, wherever that will be.
RACK = "rack"

#: By name; and that by party.
Instruments = Mapping[str, "InstrumentConfig"]
Parties = Mapping[str, Instruments]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What ``qkdctl doctor`` holds an instrument against.

    Attributes
    ----------
    dark_counts_hz : float, list of float or None
        Of a tagger: clicks a second in the dark, of each input or of all alike, with the detectors on as they are set.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    dark_counts_hz: Annotated[float, Ge(0)] | list[Annotated[float, Ge(0)]] | None = None


NOTHING = Expectation()


@dataclass(frozen=True, kw_only=True)
class InstrumentConfig:
    """One instrument of a party.

    Attributes
    ----------
    driver : str
        Name of the driver, see :data:`drivers.registry.DRIVERS`.
    address : str or dict of str to str
        Where it is, see :mod:`drivers.transport`: one address, or one for each port of an instrument that
        has several. ``rack`` stands for wherever the emulated rack hosts it.
    settings : dict
        Values of the driver's parameters.
    expect : Expectation
        What is normal for it.
    real : bool
        You say that it is a real one, where it cannot say so itself; what the rack hosts is emulated all the same.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    driver: Annotated[str, Len(1, 64)]
    address: str | dict[str, str] = RACK
    settings: dict[str, Any] = field(default_factory=dict)
    expect: Expectation = NOTHING
    real: bool = False

    def emulated(self, identity: Identity) -> Emulated:
        """Tell whether it is emulated: by where it is, what it says, and at last what you say."""
        if self.address == RACK:
            return "yes"
        said = is_emulated(identity)
        return "no" if said == "unknown" and self.real else said

    def check(self, name: str) -> None:
        """Raise DriverError if there is no such driver, it has no such settings, or needs other addresses."""
        check_settings(name, self.driver, self.settings)
        if self.address != RACK:
            check_ports(name, self.driver, self.address)


def full_name(party: str, name: str) -> str:
    """Name an instrument among all parties'."""
    return f"{party}.{name}"


def open_all(
    party: str,
    instruments: Instruments,
    rack: Mapping[str, Addresses] | None = None,
    models: Models | None = None,
) -> dict[str, BaseInstrument]:
    """Open a party's instruments; if one fails, those before it are closed again.

    Parameters
    ----------
    party : str
    instruments : mapping of str to InstrumentConfig
    rack : mapping of str to address, optional
        What :meth:`drivers.emulation.rack.Rack.up` gave.
    models : Models, optional
        What ``mem:`` addresses lead to.

    Raises
    ------
    DriverError
    """
    opened: dict[str, BaseInstrument] = {}
    try:
        for name, config in instruments.items():
            full = full_name(party, name)
            address = _address(full, config, rack or {})
            opened[name] = open_instrument(full, config.driver, address, config.settings, models)
    except BaseException as error:
        failures = close_all(opened.values())
        if failures and isinstance(error, DriverError):
            raise type(error)("; besides, ".join(map(str, [error, *failures]))) from None
        raise
    return opened


def _address(full: str, config: InstrumentConfig, rack: Mapping[str, Addresses]) -> Addresses:
    if config.address != RACK:
        return config.address
    if full not in rack:
        raise UnknownName(
            f"{full}: its address is {RACK!r}, and the rack has no such instrument; bring the rack up first"
        )
    return rack[full]

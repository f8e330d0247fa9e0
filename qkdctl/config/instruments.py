"""The ``[instruments]`` tables of a scenario: what stands at each party, and where it answers.

Whether it is real or emulated is a matter of its address. These tables are local: no party needs to know
the other's instruments, and they are not part of what is agreed.
"""

from __future__ import annotations

from drivers.configuration import RACK, InstrumentConfig
from postproc.types import Role

Instruments = dict[Role, dict[str, InstrumentConfig]]
"""By party, then by role: laser, attenuator, power_meter, transmitter, detectors, tagger."""


NOWHERE = "none"
"""The address of what answers without any line, such as the system's random numbers."""


def all_on_rack(instruments: Instruments) -> bool:
    """Say whether all instruments that have a line are left to the emulated rack."""
    addresses = [each.address for here in instruments.values() for each in here.values()]
    return all(address in (RACK, NOWHERE) for address in addresses) and RACK in addresses


def on_rack(instruments: Instruments) -> bool:
    """Say whether any instrument is left to the emulated rack."""
    return any(each.address == RACK for here in instruments.values() for each in here.values())

"""Who an instrument is, and what a self-test finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Every emulated instrument has this in its serial number.
EMULATED_MARK = "EMU"

Emulated = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Identity:
    """What an instrument says of itself; empty where it says nothing.

    Attributes
    ----------
    vendor, model, serial, firmware : str
    """

    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""

    def __str__(self) -> str:
        serial = f", serial number {self.serial}" if self.serial else ""
        firmware = f", firmware {self.firmware}" if self.firmware else ""
        return f"{self.vendor} {self.model}{serial}{firmware}"


def is_emulated(identity: Identity) -> Emulated:
    """Tell whether an instrument is one of our models; one that gives no serial number cannot say."""
    if EMULATED_MARK in identity.serial:
        return "yes"
    return "no" if identity.serial else "unknown"


@dataclass(frozen=True)
class Finding:
    """One thing that a self-test looked at.

    Attributes
    ----------
    good : bool
    what : str
        In plain words, with the figure.
    remedy : str
        What to do about it; empty where all is well.
    """

    good: bool
    what: str
    remedy: str = ""


def fine(what: str) -> Finding:
    """Note what is as it should be."""
    return Finding(True, what)


def wrong(what: str, remedy: str) -> Finding:
    """Note what is not, and what to do."""
    return Finding(False, what, remedy)

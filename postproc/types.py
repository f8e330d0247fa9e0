"""What every stage knows: alarms, the ends of passes and of the stream, and words for them."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["info", "warning", "error"]
Role = Literal["alice", "bob"]
Figure = int | float | str


class Alarm(msgspec.Struct, frozen=True, tag=True):
    """Something a person should know, in plain words.

    Attributes
    ----------
    name : str
        The alarm's fixed name, as the documentation lists it.
    severity : {"info", "warning", "error"}
        "error" means that key is lost or refused; "warning" that somebody should look.
    subject : str
        What it is about: a detector, a block, a clock.
    figures : dict
        The numbers behind it, units in their names.
    advice : str
        What it means and what to do, in one or two sentences.
    """

    name: str
    severity: Severity
    subject: str
    figures: dict[str, Figure]
    advice: str


class End(msgspec.Struct, frozen=True, tag=True):
    """Nothing more follows on this port."""


class PassEnded(msgspec.Struct, frozen=True, tag=True):
    """Nothing more follows of this pass; another one does, with clocks of its own."""

"""What a node tells about itself while it works: by PUB/SUB, which may lose it, and never slows anybody."""

from __future__ import annotations

from typing import Any

import msgspec

from postproc.types import Figure


class Event(msgspec.Struct, frozen=True):
    """One thing worth showing.

    Attributes
    ----------
    worker : str
        Which process says it.
    kind : str
        "state", "rates", "clock", "sifted", "block", "alarm", "load" or "store".
    subject : str
        A block, a detector, an instrument; empty where the kind says it all.
    figures : dict
        Numbers and short texts, units in their names.
    """

    worker: str
    kind: str
    subject: str
    figures: dict[str, Figure]


def pack(event: Event) -> bytes:
    """Encode an event."""
    return msgspec.json.encode(event, enc_hook=_plain)


def unpack(data: bytes) -> Event | None:
    """Decode an event; None for anything else."""
    try:
        return msgspec.json.decode(data, type=Event)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """A NumPy number as the Python number it stands for."""
    return value.item()

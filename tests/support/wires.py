"""An enemy on the classical channel: one fault in one frame, and a tap that hears everything."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from hypothesis import strategies as st

from postproc.conversation.frames import pack, unpack


@dataclass(frozen=True)
class Fault:
    """What happens to the n-th frame.

    Attributes
    ----------
    frame : int
        Which one, over both directions; beyond the last one nothing happens.
    kind : str
    place, value : int
        Where a mutation strikes, and how.
    """

    frame: int
    kind: str
    place: int
    value: int


faults = st.builds(
    Fault,
    st.integers(0, 400),
    st.sampled_from(["flip", "payload", "truncate", "extend", "drop", "repeat", "swap", "replay", "relabel"]),
    st.integers(0, 10**9),
    st.integers(1, 255),
)


@dataclass
class Enemy:
    """A wire with one fault.

    Attributes
    ----------
    sent : list of (sender, frame)
        What left, before the fault.
    struck : (sender, frame) or None
        The frame that was hit.
    """

    fault: Fault
    sent: list = field(default_factory=list)
    struck: tuple | None = None
    _held: dict = field(default_factory=dict)

    def __call__(self, sender, frame):
        index = len(self.sent)
        self.sent.append((sender, frame))
        released = self._held.pop(sender, None)
        if index == self.fault.frame:
            self.struck = (sender, frame)
            return self._strike(sender, frame)
        return (frame,) if released is None else (frame, released)

    def _strike(self, sender, frame):
        fault = self.fault
        match fault.kind:
            case "flip":
                return (_flip(frame, fault.place, fault.value),)
            case "payload":
                parsed = unpack(frame)
                damaged = _flip(parsed.payload, fault.place, fault.value)
                return (pack(msgspec.structs.replace(parsed, payload=damaged)),)
            case "truncate":
                return (frame[: fault.place % len(frame)],)
            case "extend":
                return (frame + bytes([fault.value]) * (1 + fault.place % 20),)
            case "drop":
                return ()
            case "repeat":
                return (frame, frame)
            case "swap":
                self._held[sender] = frame
                return ()
            case "replay":
                earlier = [sent for who, sent in self.sent[:-1] if who == sender]
                return (frame, earlier[fault.place % len(earlier)]) if earlier else (frame,)
            case "relabel":
                parsed = unpack(frame)
                return (pack(msgspec.structs.replace(parsed, block=parsed.block + 1)),)


def _flip(data: bytes, place: int, value: int) -> bytes:
    damaged = bytearray(data)
    damaged[place % len(damaged)] ^= value
    return bytes(damaged)

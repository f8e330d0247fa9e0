"""What prepares random states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from drivers.roles.instrument import Instrument
from postproc.timetags.types import StateChunk


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """What a transmitter is to send, at random, slot by slot.

    Attributes
    ----------
    slot_hz : float
        Slots a second.
    levels : tuple of float
        Pulse energy of each intensity, brightest first, in units of the brightest.
    probabilities : tuple of float
        How often each intensity is sent.
    key_basis_probability : float
        How often the key basis is sent.
    """

    slot_hz: float
    levels: tuple[float, ...]
    probabilities: tuple[float, ...]
    key_basis_probability: float


@runtime_checkable
class StateTransmitter(Instrument, Protocol):
    """What prepares a random state in every slot, and tells which."""

    def configure(self, pattern: Pattern) -> None:
        """Set what will be sent.

        Raises
        ------
        LimitError
            If the transmitter cannot; nothing was sent to it.
        """
        ...

    def start(self) -> None:
        """Begin with slot 0."""
        ...

    def read(self, timeout_s: float) -> StateChunk:
        """Give the next states, in order, without a hole.

        Raises
        ------
        NoAnswer
            If none came in time.
        DataLost
            If the transmitter dropped states; these slots cannot make key.
        """
        ...

    def stop(self) -> int:
        """End with the block at hand, drop what was not read, and tell how many slots were sent."""
        ...


@runtime_checkable
class RandomSource(Instrument, Protocol):
    """A source of random bytes that watches over itself (NIST SP 800-90B, section 4.4)."""

    def bytes(self, n: int) -> bytes:
        """Give fresh random bytes.

        Raises
        ------
        RandomnessFailed
            If a health test fails, now or ever before.
        """
        ...

"""The base of everything one party says to the other."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

from postproc import wire
from postproc.errors import ProtocolViolation


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Something one party says to the other.

    A subclass that tells anything about the sender's key overrides :meth:`discloses`; both ends call it,
    so that the two ledgers agree.
    """

    def discloses(self) -> int:
        """Bits about the key that this message tells everybody who listens."""
        return 0


MAX_REASON, MAX_SIGNATURE = 500, 3309

NO_SOURCE = bytes(16)
"""Where the name of a pre-shared key or block would stand, and there is none."""


class Abort(Message, frozen=True):
    """The sender has ended the block.

    Attributes
    ----------
    refused : bool
        True where the rules forbid to make key of the block, false where something went wrong.
    reason : str
        One sentence, at most `MAX_REASON` characters: it goes to the other party's reports.
    """

    refused: bool
    reason: Annotated[str, msgspec.Meta(max_length=MAX_REASON)]


class TranscriptTag(Message, frozen=True):
    """A Wegman-Carter tag over everything said and heard in the block so far, a signature, or both.

    Attributes
    ----------
    source, number : bytes, int
        The name of the sender's one-time key that masks the tag; 0 where there is none.
    tag : bytes
        16 bytes.
    signature : bytes
        Of ML-DSA-65; empty where the sender does not sign.
    """

    source: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    number: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    tag: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    signature: Annotated[bytes, msgspec.Meta(max_length=MAX_SIGNATURE)] = b""

    @property
    def is_masked(self) -> bool:
        """Whether a one-time key was spent on it."""
        return self.source != NO_SOURCE


M = TypeVar("M", bound=Message)


@lru_cache(maxsize=64)
def _or_abort(kind: type[Message]) -> Any:
    """Give the union that a decoder is made for: making it takes longer than decoding a short message."""
    return kind | Abort if kind is not Abort else Abort


def encode(message: Message) -> bytes:
    """Encode a message for the wire."""
    return wire.encode(message, compact=True)


def decode(payload: bytes, kind: type[M]) -> M | Abort:
    """Decode what should be a message of type `kind`; an :class:`Abort` may come instead of any message.

    Raises
    ------
    ProtocolViolation
        If the bytes are anything else.
    """
    try:
        message: M | Abort = wire.decode(payload, _or_abort(kind))
    except ValueError as error:
        raise ProtocolViolation(f"expected {kind.__name__}: {error}") from None
    return message

"""How a block ends."""

from __future__ import annotations

from typing import Literal

import msgspec

from postproc.conversation.record import BlockRecord

EndedAs = Literal["refused", "aborted"]


class CalledOff(msgspec.Struct, frozen=True, tag=True):
    """The peer has ended a block at a step that is over here; whichever stage has it now must end it, too.

    Attributes
    ----------
    session : bytes
    block : int
    refused : bool
    reason : str
        The peer's.
    """

    session: bytes
    block: int
    refused: bool
    reason: str


class BlockEnded(msgspec.Struct, frozen=True, tag=True):
    """A block that made no key.

    Attributes
    ----------
    record : BlockRecord
        Its books.
    outcome : {"refused", "aborted"}
        Refused: the rules forbid to make key of it. Aborted: something went wrong on the way.
    reason : str
        One sentence.
    """

    record: BlockRecord
    outcome: EndedAs
    reason: str

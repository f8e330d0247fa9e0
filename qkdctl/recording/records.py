"""What stands on a party's tapes."""

from __future__ import annotations

import msgspec

from postproc.authentication.pool import KeyName
from postproc.secretsink import Fate, SecretKey
from postproc.types import Role
from qkdctl.keystore.entry import Label
from qkdctl.keystore.hash_keys import Generation
from qkdctl.recording.tape import Last, Next

VERSION = 3


class PoolState(msgspec.Struct, frozen=True):
    """An authentication pool as it stood.

    Attributes
    ----------
    source : bytes
        What it began with.
    hash_keys : tuple of Generation
        Oldest first.
    epsilon : float
        What all keys since its beginning may fail by.
    signed : bool
        The party signs what it says, too.
    free : dict of Role to tuple
        Names and values of the one-time keys, in order.
    """

    source: bytes
    hash_keys: tuple[Generation, ...]
    epsilon: float
    signed: bool
    free: dict[Role, tuple[tuple[KeyName, bytes], ...]]

    def __repr__(self) -> str:
        return f"<authentication pool {self.source.hex()}>"


class Head(msgspec.Struct, frozen=True, tag=True):
    """What the session began with; the first record of each tape.

    Attributes
    ----------
    version : int
    role : {"alice", "bob"}
    scenario : str
        The text of the scenario file.
    label : str
        What the session's keys are called.
    layout : tuple
        Which stages shared a process: each has a tape of its own.
    pool : PoolState
    staged : tuple of SecretKey
        What a session before had left at this end.
    calibration : str
        The text of the calibration that the session used; empty for none.
    """

    version: int
    role: Role
    scenario: str
    label: Label
    layout: tuple[tuple[str, ...], ...]
    pool: PoolState
    staged: tuple[SecretKey, ...]
    calibration: str = ""


class Identified(msgspec.Struct, frozen=True, tag=True):
    """An instrument that the session had: who it says it is, and whether it is emulated."""

    name: str
    identity: str
    emulated: str


class Took(msgspec.Struct, frozen=True, tag=True):
    """A message from the instruments to the first stage: tags or states, mostly."""

    message: bytes

    def __repr__(self) -> str:
        return f"<{len(self.message)} bytes from the instruments>"


class Drew(msgspec.Struct, frozen=True, tag=True):
    """Random bytes that a stage has drawn for a block."""

    stage: str
    block: int
    data: bytes

    def __repr__(self) -> str:
        return f"<{len(self.data)} random bytes of {self.stage}, block {self.block}>"


class Said(msgspec.Struct, frozen=True, tag=True):
    """A frame of the transcript, by whoever speaks."""

    speaker: Role
    frame: bytes


class Held(msgspec.Struct, frozen=True, tag=True):
    """What the party had made of a block's key when it was asked."""

    session: bytes
    block: int
    answer: Fate


class Gave(msgspec.Struct, frozen=True, tag=True):
    """What left the last stage: a block's outcome and its ledgers, without the transcript."""

    message: bytes


Record = Head | Identified | Took | Drew | Said | Held | Gave | Next | Last

"""The pool of authentication key that both parties share, one part for each direction.

A part holds hash keys ``r`` that are used again and again, and one-time keys ``s`` that mask one tag each.
A one-time key is marked used, durably, before anything made with it leaves: a crash may waste it and can
never reuse it.

Every one-time key has a **name** that says where it came from, the same at both ends: the pre-shared key or
the block, and its number there. A tag carries the name. So the two pools need not be filled in the same
order, and a block that only one end has confirmed cannot shift the others: equal names mean equal keys, and
a name that an end does not hold ends one block, loudly, and nothing else.

**Hash keys rotate.** Each source says by name under which hash keys its one-time keys serve: those that an older
source brought, or its own. So the name in a tag also says which hash key made it, and no moment has to be agreed
on at which both ends change over. Old hash keys go once nothing serves under them any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple, Protocol

from postproc.authentication.identity import Identity
from postproc.authentication.sharedkey import KEY_BYTES
from postproc.errors import InputError
from postproc.types import Role

LATE = 64
"""A tag may come in after so many younger ones; one-time keys further back are given up as lost."""


class KeyName(NamedTuple):
    """What a one-time key is called in the open.

    Attributes
    ----------
    source : bytes
        The pre-shared key or the block that it came from, 16 bytes.
    number : int
        Its number among those of its source and direction, from 0.
    """

    source: bytes
    number: int

    def __str__(self) -> str:
        return f"{self.number} of source {self.source.hex()}"


class HashKeys(NamedTuple):
    """What may be told of a pair of hash keys, one for each direction.

    Attributes
    ----------
    source : bytes
        The source that brought them.
    tags : int
        One-time keys that were ever put under them, in the direction that has more: they make at most so many tags.
    age_s : float
        How long they have been here.
    """

    source: bytes
    tags: int
    age_s: float


class AuthenticationPool(Protocol):
    """What the authenticator needs of a store.

    The keys of a direction stand in the order in which this end came by them.
    """

    @property
    def identity(self) -> Identity | None:
        """What this party signs with, and knows the other by, if it has that."""
        ...

    @property
    def name(self) -> bytes:
        """The public name of what the pool began with, a pre-shared key or a block; 16 zeros before that."""
        ...

    def hash_keys(self, source: bytes | None = None) -> HashKeys:
        """Tell of the hash keys that `source` brought, of the newest by default.

        Raises
        ------
        PoolExhausted
            If they are not here.
        """
        ...

    def hash_key(self, sender: Role, source: bytes | None = None) -> bytes:
        """Give the 16-byte hash key under which one-time keys of `source` serve, the newest one by default.

        Raises
        ------
        PoolExhausted
            If it is not here.
        """
        ...

    def take(self, sender: Role) -> tuple[KeyName, bytes]:
        """Give the next unused one-time key, 16 bytes, marked used before it returns.

        Raises
        ------
        PoolExhausted
            If none is left.
        """
        ...

    def peek(self, sender: Role, name: KeyName) -> bytes:
        """Give a one-time key of the peer without marking it.

        Raises
        ------
        PoolExhausted
            If this end never had it, or it is used up, or was given up as lost.
        """
        ...

    def mark_used(self, sender: Role, name: KeyName) -> None:
        """Mark a free one-time key as used, and give up those :data:`LATE` and more before the youngest."""
        ...

    def remaining(self, sender: Role) -> int:
        """Give the number of one-time keys after the youngest one used."""
        ...

    @property
    def epsilon(self) -> float:
        """Probability that anything has failed since the pool began: the sum over all that refilled it.

        A tag is as good as the block that its one-time key came from, so that these add up.
        """
        ...

    def refill(
        self,
        source: bytes,
        keys: Mapping[Role, bytes],
        hash_source: bytes | None = None,
        epsilon: float = 0.0,
    ) -> None:
        """Append the one-time keys of a block, 16 bytes each, for both directions.

        Parameters
        ----------
        source : bytes
            The block.
        keys : mapping of Role to bytes
        hash_source : bytes, optional
            Whose hash keys they serve under. Where it is `source` itself, the first key of each direction is its
            new hash key. By default the newest ones here, and in a pool that has not begun those of `source`.
        epsilon : float
            What the block may fail by.

        Raises
        ------
        InputError
            If this source was there before: its keys may have been used. If the hash keys are not here.
        """
        ...


def block_source(session: bytes, block: int) -> bytes:
    """Name a block as a source of one-time keys, 16 bytes, alike at both ends."""
    return sha256(b"qkdctl refill" + session + block.to_bytes(8, "big")).digest()[:KEY_BYTES]


NO_SHARED_KEY = "no pre-shared key was imported into this key store; give one with --psk"

NOTHING_LEFT = "no one-time authentication key is left; give both parties a new pre-shared key"


def not_free(name: KeyName) -> str:
    """Say that a one-time key cannot be used."""
    return f"one-time key {name} is not free here: this end never had it, has used it, or gave it up as lost"


def no_hash_keys(source: bytes) -> str:
    """Say that hash keys are not here."""
    return (
        f"the hash keys of source {source.hex()} are not here: this end never had them, or has put them away"
    )


def take_hash_keys(source: bytes, keys: Mapping[Role, list[bytes]]) -> dict[Role, bytes]:
    """Take the first key of each direction off a source's keys: they are its hash keys.

    Raises
    ------
    InputError
        If a direction has none.
    """
    if set(keys) != {"alice", "bob"} or not all(keys.values()):
        raise InputError(f"source {source.hex()} brings no hash key for one of the directions")
    return {sender: row.pop(0) for sender, row in keys.items()}


def refilled_before(source: bytes) -> str:
    """Say that a source cannot be used a second time."""
    return f"the one-time keys of source {source.hex()} were in this pool before, and may have been used"

"""What post-processing asks of a key store.

One small interface: stage a key with everything that belongs to it, then confirm it, quarantine it or forget it. Each
call is one durable transaction. :mod:`qkdctl.keystore` implements it; :class:`MemorySink` is for tests.
"""

from __future__ import annotations

from typing import Any, Literal, NoReturn, Protocol

import msgspec

from postproc.authentication.pool import AuthenticationPool, block_source
from postproc.bits import Bits
from postproc.types import Role

Fate = Literal["confirmed", "quarantined", "none"]
"""What a store has made of a block's key: whether and how it is there, or was."""


class SecretKey(msgspec.Struct, frozen=True):
    """A block's secret key.

    Attributes
    ----------
    session : bytes
    block : int
    bits : Bits
        What applications will get.
    refill : dict of Role to bytes
        What goes to the authentication pool, by the direction it will serve: 16 bytes a key.
    disclosed_bits, authentication_bits : int
        Totals of the block's two ledgers.
    epsilon : float
        Sum of all its failure probabilities: secrecy, correctness, authentication.
    hash_source : bytes or None
        Whose hash keys the refill's one-time keys serve under; see
        :meth:`~postproc.authentication.pool.AuthenticationPool.refill`.
    """

    session: bytes
    block: int
    bits: Bits
    refill: dict[Role, bytes]
    disclosed_bits: int
    authentication_bits: int
    epsilon: float
    hash_source: bytes | None = None

    @property
    def refill_bits(self) -> int:
        """Length of the pool's part."""
        return 8 * sum(len(part) for part in self.refill.values())

    @property
    def source(self) -> bytes:
        """What the pool calls this block."""
        return block_source(self.session, self.block)

    def __repr__(self) -> str:
        return f"<secret key of block {self.block}, {len(self.bits)} bits>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("keys are not pickled")


class SecretSink(Protocol):
    """Where a session's keys go."""

    def stage(self, key: SecretKey) -> None:
        """Hold a key durably; nothing of it may be used yet."""
        ...

    def confirm(self, session: bytes, block: int) -> None:
        """Make a staged key available, and its refill part of the pool, in one transaction."""
        ...

    def quarantine(self, session: bytes, block: int) -> None:
        """Keep a staged key apart: it is never delivered, and what it held for the pool goes, in one transaction."""
        ...

    def discard(self, session: bytes, block: int) -> None:
        """Forget a staged key."""
        ...

    def unsettled(self) -> tuple[tuple[bytes, int], ...]:
        """Name the blocks, by session and number, whose keys are staged and nothing more."""
        ...

    def fate(self, session: bytes, block: int) -> Fate:
        """Say what was made of a block's key here, whatever became of it since."""
        ...


class MemorySink:
    """Keys in memory: for tests.

    Attributes
    ----------
    staged, confirmed, quarantined : dict of int to Bits
        By block.
    """

    def __init__(self, pool: AuthenticationPool) -> None:
        self._pool = pool
        self._waiting: dict[int, SecretKey] = {}
        self._fates: dict[tuple[bytes, int], Fate] = {}
        self.confirmed: dict[int, Bits] = {}
        self.quarantined: dict[int, Bits] = {}

    @property
    def staged(self) -> dict[int, Bits]:
        """Keys that wait for confirmation."""
        return {block: key.bits for block, key in self._waiting.items()}

    def stage(self, key: SecretKey) -> None:
        """See :class:`SecretSink`."""
        self._waiting[key.block] = key

    def confirm(self, session: bytes, block: int) -> None:
        """See :class:`SecretSink`."""
        key = self._waiting.pop(block)
        self.confirmed[block] = key.bits
        self._fates[session, block] = "confirmed"
        self._pool.refill(key.source, key.refill, key.hash_source, key.epsilon)

    def quarantine(self, session: bytes, block: int) -> None:
        """See :class:`SecretSink`."""
        self.quarantined[block] = self._waiting.pop(block).bits
        self._fates[session, block] = "quarantined"

    def discard(self, session: bytes, block: int) -> None:
        """See :class:`SecretSink`."""
        self._waiting.pop(block, None)

    def unsettled(self) -> tuple[tuple[bytes, int], ...]:
        """See :class:`SecretSink`."""
        return tuple((key.session, key.block) for key in self._waiting.values())

    def fate(self, session: bytes, block: int) -> Fate:
        """See :class:`SecretSink`."""
        return self._fates.get((session, block), "none")

"""An authentication pool in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from postproc.authentication.identity import Identity
from postproc.authentication.pool import (
    LATE,
    NO_SHARED_KEY,
    NOTHING_LEFT,
    HashKeys,
    KeyName,
    no_hash_keys,
    not_free,
    refilled_before,
    take_hash_keys,
)
from postproc.authentication.sharedkey import KEY_BYTES, cut_keys, split_shared_key
from postproc.errors import InputError, PoolExhausted
from postproc.types import Role


class MemoryPool:
    """A pool in memory: for tests, and for sessions that keep nothing.

    Parameters
    ----------
    shared_key : bytes, optional
        The pre-shared key, the same at both ends; see
        :func:`~postproc.authentication.sharedkey.split_shared_key`. Without one the pool begins with
        the first refill.
    identity : Identity, optional
    now : callable, optional
        The clock, in seconds.

    Attributes
    ----------
    identity : Identity or None
        See :class:`~postproc.authentication.pool.AuthenticationPool`.
    """

    def __init__(
        self,
        shared_key: bytes | None = None,
        identity: Identity | None = None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.identity = identity
        self._now = now
        self._name, self._epsilon = bytes(KEY_BYTES), 0.0
        self._hash_keys: dict[bytes, _HashKeys] = {}
        self._hash_source: dict[bytes, bytes] = {}
        self._directions: dict[Role, _Direction] = {"alice": _Direction(), "bob": _Direction()}
        if shared_key is not None:
            parts = split_shared_key(shared_key)
            self.refill(parts.source, parts.rows, parts.source)

    @property
    def name(self) -> bytes:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        return self._name

    def hash_keys(self, source: bytes | None = None) -> HashKeys:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        found = self._brought_by(source)
        return HashKeys(found.source, found.tags, self._now() - found.since)

    def hash_key(self, sender: Role, source: bytes | None = None) -> bytes:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        return self._brought_by(None if source is None else self._hash_source.get(source, source)).values[
            sender
        ]

    def _brought_by(self, source: bytes | None) -> _HashKeys:
        if not self._hash_keys:
            raise PoolExhausted(NO_SHARED_KEY)
        if source is None:
            return list(self._hash_keys.values())[-1]
        if source not in self._hash_keys:
            raise PoolExhausted(no_hash_keys(source))
        return self._hash_keys[source]

    def take(self, sender: Role) -> tuple[KeyName, bytes]:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        name = self._directions[sender].next()
        key = self.peek(sender, name)
        self.mark_used(sender, name)
        return name, key

    def peek(self, sender: Role, name: KeyName) -> bytes:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        key = self._directions[sender].keys.get(name)
        if key is None:
            raise PoolExhausted(not_free(name))
        return key

    def mark_used(self, sender: Role, name: KeyName) -> None:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        self.peek(sender, name)
        self._directions[sender].strike(name)

    def remaining(self, sender: Role) -> int:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        return self._directions[sender].remaining

    @property
    def epsilon(self) -> float:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        return self._epsilon

    def refill(
        self,
        source: bytes,
        keys: Mapping[Role, bytes],
        hash_source: bytes | None = None,
        epsilon: float = 0.0,
    ) -> None:
        """See :class:`~postproc.authentication.pool.AuthenticationPool`."""
        if source in self._hash_source:
            raise InputError(refilled_before(source))
        cut = {sender: cut_keys(row) for sender, row in keys.items()}
        if hash_source is None:
            hash_source = source if not self._hash_keys and all(cut.values()) else self.hash_keys().source
        if hash_source == source:
            values = take_hash_keys(source, cut)
            self._hash_keys[source] = _HashKeys(source, values, self._now())
        elif hash_source not in self._hash_keys:
            raise InputError(no_hash_keys(hash_source))
        if self._name == bytes(KEY_BYTES):
            self._name = source
        self._epsilon += epsilon
        self._hash_source[source] = hash_source
        self._hash_keys[hash_source].tags += max(len(row) for row in cut.values())
        for sender, row in cut.items():
            self._directions[sender].append(source, row)
        self._forget_hash_keys()

    def _forget_hash_keys(self) -> None:
        """Drop hash keys under which nothing serves; a block on its way may still name the last but one."""
        names = {name.source for direction in self._directions.values() for name in direction.keys}
        serving = {self._hash_source[source] for source in names}
        for source in list(self._hash_keys)[:-2]:
            if source not in serving:
                del self._hash_keys[source]


@dataclass(repr=False)
class _HashKeys:
    """A pair of hash keys, when they came, and how many tags may be made with them."""

    source: bytes
    values: dict[Role, bytes]
    since: float
    tags: int = 0


class _Direction:
    """One direction's one-time keys: their names in order, and the values of those that may still be used."""

    def __init__(self) -> None:
        self._names: list[KeyName] = []
        self._first_unused = 0
        self.keys: dict[KeyName, bytes] = {}

    @property
    def remaining(self) -> int:
        return len(self._names) - self._first_unused

    def next(self) -> KeyName:
        if not self.remaining:
            raise PoolExhausted(NOTHING_LEFT)
        return self._names[self._first_unused]

    def strike(self, name: KeyName) -> None:
        del self.keys[name]
        self._first_unused = max(self._first_unused, self._names.index(name) + 1)
        for lost in self._names[: max(self._first_unused - LATE, 0)]:
            self.keys.pop(lost, None)

    def append(self, source: bytes, keys: list[bytes]) -> None:
        names = [KeyName(source, number) for number in range(len(keys))]
        self._names += names
        self.keys |= dict(zip(names, keys, strict=True))

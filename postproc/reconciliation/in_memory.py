"""Both parties' error correction in one call, for tests, benchmarks and checks from outside."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np

from postproc.bits import Bits, Packed, packed_bits
from postproc.conversation.dialogue import Hear, Note, Say
from postproc.conversation.messages import Message, decode, encode
from postproc.entropy import Stream
from postproc.errors import ProtocolViolation
from postproc.kernels import popcount
from postproc.reconciliation.profile import Method, Profile
from postproc.reconciliation.reconciler import make_reconciler
from postproc.types import Figure, Role

K = TypeVar("K")

Clock = Callable[[], float]


def no_clock() -> float:
    """Give 0 seconds: nothing is measured."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Result(Generic[K]):
    """What error correction came to.

    Attributes
    ----------
    corrected : Bits or packed array
        Bob's corrected key.
    leak_bits : int
        Everything charged.
    alice_bits, bob_bits : int
        What the messages of each told, charged or not.
    frames, failed_frames : int
        Codewords, and how many of them were not decoded at once (0 for Cascade).
    rounds : int
        Questions of Bob that Alice answered.
    messages, message_bytes : int
        Number and total length of the messages.
    qber_measured : float
        Share of the bits that were corrected.
    turns : tuple of (str, float)
        Who worked, and for how long by the clock given, from message to message; nothing without a clock.
    """

    corrected: K
    leak_bits: int
    alice_bits: int
    bob_bits: int
    frames: int
    failed_frames: int
    rounds: int
    messages: int
    message_bytes: int
    qber_measured: float
    turns: tuple[tuple[Role, float], ...] = ()


class _GeneratorStream(Stream):
    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def bytes(self, n: int) -> bytes:
        return self._rng.bytes(n)


@dataclass
class _Party:
    """One party's dialogue, its books, and the messages it has sent."""

    dialogue: Generator[Any, Any, Any]
    outbox: list[bytes] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    told_bits: int = 0
    waiting: type[Message] | None = None
    result: Any = None

    def advance(self, value: Message | None) -> None:
        """Resume the dialogue until it waits for the peer or ends."""
        self.waiting = None
        try:
            request = self.dialogue.send(value)
            while not isinstance(request, Hear):
                self._do(request)
                request = next(self.dialogue)
            self.waiting = request.kind
        except StopIteration as stop:
            self.result = stop.value

    def hear(self, payload: bytes) -> None:
        """Take the peer's next message."""
        if self.waiting is None:
            raise ProtocolViolation("a message came to a party that had ended")
        self.advance(decode(payload, self.waiting))

    def _do(self, request: Say | Note) -> None:
        if isinstance(request, Note):
            self.figures.update(request.figures)
            return
        self.told_bits += request.message.discloses()
        self.outbox.append(encode(request.message))


@dataclass
class _Course:
    """What a conversation came to: lengths of messages in bytes, and who worked how long between them."""

    clock: Clock
    lengths: list[int] = field(default_factory=list)
    turns: list[tuple[Role, float]] = field(default_factory=list)

    def timed(self, role: Role, work: Callable[[], None]) -> None:
        """Let a party work."""
        if self.clock is no_clock:
            work()
            return
        before = self.clock()
        work()
        self.turns.append((role, self.clock() - before))

    def run(self, alice: _Party, bob: _Party) -> None:
        """Carry messages until none is under way."""
        self.timed("alice", lambda: alice.advance(None))
        bob.advance(None)
        while alice.outbox or bob.outbox:
            self._carry(alice, bob, "bob")
            self._carry(bob, alice, "alice")

    def _carry(self, sender: _Party, receiver: _Party, role: Role) -> None:
        sent, sender.outbox = sender.outbox, []
        for payload in sent:
            self.lengths.append(len(payload))
            self.timed(role, partial(receiver.hear, payload))


def reconcile(
    alice: Packed,
    bob: Packed,
    n_bits: int,
    *,
    qber: float,
    method: Method = "ldpc",
    profile: Profile = "efficient",
    workers: int = 1,
    rng: np.random.Generator,
) -> Result[Packed]:
    """Correct Bob's key, as calls from outside take it: packed arrays and their length.

    Parameters
    ----------
    alice, bob : array of uint8, shape (ceil(n_bits / 8),)
        The two keys. Bit *i* is ``key[i >> 3] >> (i & 7) & 1``; unused bits are zero.
    n_bits : int
    qber, method, profile, workers, rng
        As for :func:`reconcile_bits`.

    Raises
    ------
    InputError
        If an array does not hold a string of `n_bits` bits.
    BlockRefused
        If the block cannot be corrected within the cap.
    """
    keys = packed_bits("Alice's key", alice, n_bits), packed_bits("Bob's key", bob, n_bits)
    result = reconcile_bits(*keys, qber=qber, method=method, profile=profile, workers=workers, rng=rng)
    return Result(result.corrected.packed, *(getattr(result, each.name) for each in fields(result)[1:]))


def reconcile_bits(
    alice: Bits,
    bob: Bits,
    *,
    qber: float,
    method: Method = "ldpc",
    profile: Profile = "efficient",
    workers: int = 1,
    rng: np.random.Generator,
    charge_both_directions: bool = True,
    leak_cap_bits: int | None = None,
    clock: Clock = no_clock,
) -> Result[Bits]:
    """Correct Bob's key, both parties in one thread, every message encoded and decoded.

    Parameters
    ----------
    alice, bob : Bits
        The two keys, of one length.
    qber : float
        Estimate of the error rate that both are given.
    method, profile, workers, charge_both_directions, leak_cap_bits
        As for :func:`~postproc.reconciliation.reconciler.make_reconciler`.
    rng : numpy.random.Generator
        Where both parties draw from.
    clock : callable
        Gives seconds, to measure how long each party works.

    Raises
    ------
    BlockRefused
        If the block cannot be corrected within the cap.
    """
    reconciler = make_reconciler(
        method,
        profile,
        charge_both_directions=charge_both_directions,
        leak_cap_bits=leak_cap_bits,
        workers=workers,
    )
    stream = _GeneratorStream(rng)
    first = _Party(reconciler.alice(alice, qber, stream))
    second = _Party(reconciler.bob(bob, qber, stream))
    course = _Course(clock)
    course.run(first, second)
    corrected: Bits = second.result
    figures = second.figures
    return Result(
        corrected,
        first.told_bits + second.told_bits,
        int(figures.get("reconciliation_alice_bits", 0)),
        int(figures.get("reconciliation_bob_bits", 0)),
        int(figures.get("reconciliation_frames", 0)),
        int(figures.get("reconciliation_failed_frames", 0)),
        int(figures.get("reconciliation_rounds", 0)),
        len(course.lengths),
        sum(course.lengths),
        popcount(corrected ^ bob) / max(1, len(bob)),
        tuple(course.turns),
    )

"""What of a block's key goes to the authentication pool: what its tags have cost, and now and then new hash keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from postproc.authentication.pool import AuthenticationPool
from postproc.conversation.messages import NO_SOURCE
from postproc.conversation.record import TAG_BITS
from postproc.errors import BlockRefused, PoolExhausted, ProtocolViolation
from postproc.types import Role

TAGS_TO_COME: tuple[Role, ...] = ("alice", "bob", "alice")
"""Tags that amplification sends, in order."""

SPARE_SHARE = 0.25
"""At most this share of a key goes to the pool beyond what the key itself has cost."""


@dataclass(frozen=True)
class Refill:
    """What goes to the pool.

    Attributes
    ----------
    keys : dict of Role to int
        Keys of 128 bits by direction, a new hash key among them where the block brings one.
    hash_source : bytes
        Whose hash keys they serve under; the block itself where it brings them.
    """

    keys: dict[Role, int]
    hash_source: bytes

    @property
    def bits(self) -> int:
        """How much of the secret key that is."""
        return TAG_BITS * sum(self.keys.values())


@dataclass(frozen=True)
class Rotation:
    """When new hash keys are due: both ends agree on it.

    Attributes
    ----------
    tags : int
        At most so many one-time keys are put under one hash key.
    seconds : float
        A hash key older than this gets no further ones.
    """

    tags: int = 2**20
    seconds: float = 86_400.0


@dataclass(frozen=True)
class Household:
    """Keeps the pool filled, and the sum of all failure probabilities within its budget.

    Several blocks are under way at a time: what one of them has been granted counts for the next before it is in the
    pool's books.

    Attributes
    ----------
    pool : AuthenticationPool
    keep : int
        So many one-time keys should be left in each direction; a crash loses some, and the next keys make up
        for it.
    rotation : Rotation
    epsilon_budget : float
        All that was made since the pool began may fail by so much together.
    owed : dict of Role to int
        One-time keys that were spent on blocks which came to nothing; the next keys pay for them, as far as they reach.
    under_way : list of Refill
        Of blocks that have not ended.
    granted : list of float
        Failure probabilities of blocks that have not ended.
    """

    pool: AuthenticationPool
    keep: int
    rotation: Rotation = Rotation()
    epsilon_budget: float = 1.0
    owed: dict[Role, int] = field(default_factory=lambda: {"alice": 0, "bob": 0})
    under_way: list[Refill] = field(default_factory=list)
    granted: list[float] = field(default_factory=list)

    @contextmanager
    def afford(self, epsilon: float) -> Iterator[None]:
        """Hold a key's failure probability against what is left of the budget, and reserve it until the block ends.

        Raises
        ------
        BlockRefused
            If it is not enough.
        """
        spent = self.pool.epsilon + sum(self.granted)
        if spent + epsilon > self.epsilon_budget:
            raise BlockRefused(
                f"this key may fail by {epsilon:.2g}, and of the {self.epsilon_budget:.2g} for all keys since the "
                f"pre-shared key {spent:.2g} is spent: give both parties a new pre-shared key"
            )
        self.granted.append(epsilon)
        try:
            yield
        finally:
            self.granted.remove(epsilon)

    @contextmanager
    def planned(self, source: bytes, length: int) -> Iterator[Refill]:
        """Plan a refill; if the block comes to nothing, later keys owe what its tags have cost.

        Raises
        ------
        BlockRefused
            As :meth:`plan`.
        """
        before = dict(self.owed)
        refill = self.plan(source, length)
        spent: dict[Role, int] = {
            role: TAGS_TO_COME.count(role) + before[role] - self.owed[role] for role in before
        }
        self.under_way.append(refill)
        try:
            yield refill
        except BaseException:
            self.owe(spent)
            raise
        finally:
            self.under_way.remove(refill)

    def plan(self, source: bytes, length: int) -> Refill:
        """Take on what this block's tags cost; see to hash keys; pay what is owed; fill up what is missing.

        Parameters
        ----------
        source : bytes
            The block, as a source of keys.
        length : int
            Its secret bits.

        Raises
        ------
        BlockRefused
            If nothing would be left of the key.
        """
        begins = self.pool.name == NO_SOURCE
        want: dict[Role, int] = {role: TAGS_TO_COME.count(role) for role in self.owed}
        if begins:
            want = self._beginning(length)
            self.owed.update({"alice": 0, "bob": 0})
        rotates = begins or self._is_worn(max(self._due().values()) + self.keep)
        if rotates:
            want = {role: keys + 1 for role, keys in want.items()}
        spent = sum(want.values()) * TAG_BITS
        if length <= spent:
            raise BlockRefused(
                f"the block would give {length} secret bits and its authentication costs {spent}: nothing "
                "would be left; agree on longer blocks"
            )
        most = self.rotation.tags + rotates
        for role, keys in self.owed.items():
            paid = max(min(keys, (length - 1) // TAG_BITS - sum(want.values()), most - want[role]), 0)
            want[role] += paid
            self.owed[role] -= paid
        spare = int(length * SPARE_SHARE) // TAG_BITS - sum(want.values())
        for role in want:
            missing = min(self.keep - self.pool.remaining(role), most - want[role])
            want[role] += max(min(missing, spare // 2), 0)
        return Refill(want, source if rotates else self.pool.hash_keys().source)

    def owe(self, spent: Mapping[Role, int]) -> None:
        """Remember what a block that came to nothing should have paid back."""
        for role, keys in spent.items():
            self.owed[role] += keys

    def check(self, refill: Refill, source: bytes, length: int) -> None:
        """Hold the other party's plan against what is possible, and against what was agreed on.

        Raises
        ------
        ProtocolViolation
            If it takes the whole key, or puts keys under hash keys that are not here, or are worn.
        """
        if refill.bits >= length:
            raise ProtocolViolation(
                f"Alice's refill takes {refill.bits} bits of a key of {length}: nothing would be left"
            )
        if refill.hash_source == source:
            if not all(refill.keys.values()):
                raise ProtocolViolation("Alice's refill brings no hash key for one of the directions")
            tags = -1  # In each direction one of its keys is the hash key itself.
        else:
            try:
                tags = self.pool.hash_keys(refill.hash_source).tags
            except PoolExhausted as error:
                raise ProtocolViolation(f"Alice's refill cannot serve: {error}") from None
        if tags + max(refill.keys.values()) > self.rotation.tags:
            raise ProtocolViolation(
                f"Alice wants more than the agreed {self.rotation.tags} tags under one hash key"
            )

    def _due(self) -> dict[Role, int]:
        return {role: TAGS_TO_COME.count(role) + keys for role, keys in self.owed.items()}

    def _beginning(self, length: int) -> dict[Role, int]:
        """The pool begins with this block: of what it should hold as much as there is."""
        most = (length - 1) // TAG_BITS // len(self.owed)
        return dict.fromkeys(self.owed, max(min(self.keep, most - 1, self.rotation.tags), len(TAGS_TO_COME)))

    def _is_worn(self, more: int) -> bool:
        source, tags, age_s = self.pool.hash_keys()
        more += sum(max(each.keys.values()) for each in self.under_way if each.hash_source == source)
        return tags + more > self.rotation.tags or not 0 <= age_s < self.rotation.seconds

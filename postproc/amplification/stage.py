"""Steps 7 and 8: the seed, the hash, the tags over all that was said, and a key that both ends hold.

Who may do what when::

    Alice  Seed, tag        over everything said and heard so far
    Bob    checks the tag; hashes; stores the key as staged
    Bob    Staged, tag      over everything, Alice's tag included
    Alice  checks the tag; hashes; stores the key as confirmed
    Alice  Done, tag
    Bob    checks the tag; confirms the key

A key that does not look random at either end (:mod:`postproc.verification.health`) is quarantined at both, and the
block refused: nobody gets that key, nothing of it refills the pool, and what it has cost stays in the books.
Neither end hashes before the other's words are known to be authentic, and Bob delivers nothing before he
knows that Alice has it too. If the last message is lost, Alice's key is confirmed and Bob's stays staged;
it is the same key, and it is settled when they meet again.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec

from postproc.amplification.refill import TAGS_TO_COME, Household, Refill
from postproc.authentication.pool import block_source
from postproc.authentication.sharedkey import KEY_BYTES
from postproc.authentication.wegman_carter import forgery_bound
from postproc.bits import Bits
from postproc.blocks import BoundedBlock, SecretBlock
from postproc.conversation.dialogue import Dialogue, attest, check, hear, note, review, say, warn
from postproc.conversation.messages import Message
from postproc.conversation.record import TAG_BITS, BlockRecord
from postproc.entropy import Stream
from postproc.errors import BlockRefused, ProtocolViolation
from postproc.kernels import toeplitz_hash
from postproc.secretsink import SecretKey, SecretSink
from postproc.types import Alarm
from postproc.verification.health import FALSE_ALARM, fault_of

CLOSING_BYTES = 16_384
"""More than the messages of this step after the seed, and what frames the transcript, can take."""


class Seed(Message, frozen=True):
    """Alice: the length, what of it refills the authentication pool, and the Toeplitz seed.

    Attributes
    ----------
    secret_bits : int
        Length of the secret key before the pool takes its part.
    refill_alice, refill_bob : int
        Keys that go to the pool, by the direction they will serve.
    hash_source : bytes
        Whose hash keys they serve under: this block's own where it brings new ones, 16 bytes.
    seed : Bits
        ``n + secret_bits - 1`` fresh random bits.
    """

    secret_bits: Annotated[int, msgspec.Meta(ge=1)]
    refill_alice: Annotated[int, msgspec.Meta(ge=0)]
    refill_bob: Annotated[int, msgspec.Meta(ge=0)]
    hash_source: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    seed: Bits

    @property
    def refill(self) -> Refill:
        """What goes to the pool."""
        return Refill({"alice": self.refill_alice, "bob": self.refill_bob}, self.hash_source)


class Staged(Message, frozen=True):
    """Bob: I hold the key of this length, made under this transcript.

    Attributes
    ----------
    secret_bits : int
    transcript : bytes
        SHA-256 of the public transcript up to Alice's tag.
    healthy : bool
        The key looks random here.
    """

    secret_bits: int
    transcript: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    healthy: bool


class Done(Message, frozen=True):
    """Alice: so do I; the key is confirmed, or quarantined where it is not healthy at both ends."""

    healthy: bool


@dataclass(frozen=True)
class Amplify:
    """Hash, store, confirm.

    Attributes
    ----------
    sink : SecretSink
        This party's key store.
    household : Household
        Keeps the authentication pool filled.
    """

    sink: SecretSink
    household: Household

    def alice(self, block: BoundedBlock, entropy: Stream) -> Dialogue[SecretBlock]:
        """Draw the seed now that the block is fixed; confirm once Bob holds the key."""
        with (
            self.household.afford(_epsilon(block, block.record)),
            self.household.planned(_source(block), block.bound.secret_bits) as refill,
        ):
            return (yield from self._lead(block, entropy, refill))

    def _lead(self, block: BoundedBlock, entropy: Stream, refill: Refill) -> Dialogue[SecretBlock]:
        length = block.bound.secret_bits
        seed = entropy.bits(len(block.key) + length - 1)
        yield from say(Seed(length, refill.keys["alice"], refill.keys["bob"], refill.hash_source, seed))
        yield from attest()
        record = yield from review()
        staged = yield from hear(Staged)
        yield from check()
        if staged != Staged(length, _digest(record), staged.healthy):
            raise ProtocolViolation("Bob holds a key of another length or another transcript")
        secret = toeplitz_hash(block.key, seed, length)
        fault = fault_of(secret)
        key = self._key(block, record, secret, refill)
        self.sink.stage(key)
        fault = fault or _fault_of_peer(staged, "Bob")
        yield from self._end(key, fault)
        yield from say(Done(fault is None))
        yield from attest()
        return self._came_to(block, key, fault)

    def bob(self, block: BoundedBlock, entropy: Stream) -> Dialogue[SecretBlock]:
        """Hash under Alice's seed once it is authentic; confirm once Alice has confirmed."""
        with self.household.afford(_epsilon(block, block.record)):
            return (yield from self._follow(block))

    def _follow(self, block: BoundedBlock) -> Dialogue[SecretBlock]:
        length = block.bound.secret_bits
        said = yield from hear(Seed)
        yield from check()
        self._check(said, block)
        record = yield from review()
        secret = toeplitz_hash(block.key, said.seed, length)
        fault = fault_of(secret)
        key = self._key(block, record, secret, said.refill)
        self.sink.stage(key)
        yield from say(Staged(length, _digest(record), fault is None))
        yield from attest()
        done = yield from hear(Done)
        yield from check()
        fault = fault or _fault_of_peer(done, "Alice")
        yield from self._end(key, fault)
        return self._came_to(block, key, fault)

    def _check(self, said: Seed, block: BoundedBlock) -> None:
        length = block.bound.secret_bits
        if said.secret_bits != length:
            raise ProtocolViolation(f"Alice computed {said.secret_bits} secret bits, and Bob {length}")
        if len(said.seed) != len(block.key) + length - 1:
            raise ProtocolViolation("Alice's seed does not fit the length of the key")
        self.household.check(said.refill, _source(block), length)

    def _key(self, block: BoundedBlock, record: BlockRecord, secret: Bits, refill: Refill) -> SecretKey:
        """Part what applications will get from what goes to the pool, and write on it what it has cost."""
        cut = TAG_BITS * refill.keys["alice"]
        return SecretKey(
            session=block.record.session,
            block=block.record.block,
            bits=secret.slice(refill.bits, len(secret)),
            refill={
                "alice": secret.slice(0, cut).to_bytes(),
                "bob": secret.slice(cut, refill.bits).to_bytes(),
            },
            disclosed_bits=record.disclosed_bits(),
            authentication_bits=TAG_BITS * (len(block.record.tags) + self._tags(record)),
            epsilon=_epsilon(block, record),
            hash_source=refill.hash_source,
        )

    def _end(self, key: SecretKey, fault: str | None) -> Dialogue[None]:
        """Settle what becomes of a key that both ends hold."""
        if fault is None:
            self.sink.confirm(key.session, key.block)
            yield from self._note(key)
            return
        self.sink.quarantine(key.session, key.block)
        yield from note(quarantined_bits=len(key.bits))
        figures = {"bits": len(key.bits)}
        yield from warn(Alarm("key-quarantined", "error", f"block {key.block}", dict(figures), QUARANTINED))

    def _came_to(self, block: BoundedBlock, key: SecretKey, fault: str | None) -> SecretBlock:
        if fault is not None:
            raise BlockRefused(f"{fault}: it is quarantined at both ends, and never delivered")
        return SecretBlock(block.record, block.bound.secret_bits, key.refill_bits)

    def _tags(self, record: BlockRecord) -> int:
        """Tags of this step that spend one-time keys: none where signatures stand in for them."""
        return len(TAGS_TO_COME) if len(record.tags) > 0 else 0

    def _note(self, key: SecretKey) -> Dialogue[None]:
        yield from note(
            secret_bits=len(key.bits) + key.refill_bits,
            refill_bits=key.refill_bits,
            epsilon=key.epsilon,
            epsilon_since_pre_shared_key=self.household.pool.epsilon,
            epsilon_budget=self.household.epsilon_budget,
        )


def _source(block: BoundedBlock) -> bytes:
    """What the pool calls this block."""
    return block_source(block.record.session, block.record.block)


def _fault_of_peer(said: Staged | Done, speaker: str) -> str | None:
    return None if said.healthy else f"{speaker}'s copy of the key does not look random"


def _epsilon(block: BoundedBlock, record: BlockRecord) -> float:
    """All that can fail: the proof's part, the look at the key, tags so far, three over little more than was said."""
    said = record.preamble.size_bytes + record.transcript.size_bytes
    so_far = block.bound.epsilon.total + block.record.epsilon_authentication
    return so_far + FALSE_ALARM + len(TAGS_TO_COME) * forgery_bound(said + CLOSING_BYTES)


def _digest(record: BlockRecord) -> bytes:
    """SHA-256 of the public transcript."""
    return sha256(msgspec.msgpack.encode((record.preamble, record.transcript))).digest()


QUARANTINED = (
    "A key does not look random and is kept apart at both ends: nobody gets it, and keys after it may be as bad. Check "
    "the random source; qkdctl bench checks the kernels; then look at this machine's memory."
)

assert KEY_BYTES * 8 == TAG_BITS

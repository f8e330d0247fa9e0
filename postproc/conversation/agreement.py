"""Step 0: before anything else, both parties hold their configurations against each other.

Nothing that a proof takes as given may be chosen, or differ, after data has been seen. Each party says the
whole of its public configuration, so that a difference can be named, and a fresh nonce: both nonces make
the session's number, so that no old session can be played back. It also says the public name of its
pre-shared key: parties that hold different ones hear so before any light is spent. No trust is put in that,
nor in anything else said here, before the tags of the first block cover it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec

from postproc.authentication.wegman_carter import Authenticator
from postproc.conversation.dialogue import Dialogue, hear, say
from postproc.conversation.frames import SESSION_BYTES, unpack
from postproc.conversation.messages import Message
from postproc.conversation.record import BlockRecord
from postproc.conversation.settlement import StagedBlocks, answer, settle, staged_blocks
from postproc.conversation.talk import Talk
from postproc.entropy import Entropy
from postproc.errors import ProtocolViolation
from postproc.outcome import BlockEnded
from postproc.secretsink import SecretSink
from postproc.stage import Emission, InPort
from postproc.types import End, Role

MAX_BYTES = 2**28
"""So much of a recording is kept for a party that has not said hello yet."""

DISAGREEMENT = "the two parties' configurations differ"
KEY_MISMATCH = "the two parties hold different pre-shared keys"


class Hello(Message, frozen=True):
    """A party's public configuration and its nonce.

    Attributes
    ----------
    nonce : bytes
        16 fresh random bytes.
    configuration : bytes
        Canonical JSON, at most 1 MiB.
    shared_key : bytes
        Name of the pre-shared key, 16 bytes; no key is made of them.
    staged : tuple of StagedBlock
        What a broken session left open at this end; see :mod:`postproc.conversation.settlement`.
    """

    nonce: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    configuration: Annotated[bytes, msgspec.Meta(max_length=2**20)]
    shared_key: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    staged: StagedBlocks


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """A party's instruments are ready; the conversation may begin, the light not yet."""


class SessionOpened(msgspec.Struct, frozen=True, tag=True):
    """Both parties agree; the record's transcript holds how.

    Attributes
    ----------
    record : BlockRecord
        Books of the preamble, block 0.
    session : bytes
        The session's number, 16 bytes, made of both nonces.
    """

    record: BlockRecord
    session: bytes


class Agree:
    """The first stage: nothing passes it before both configurations are the same.

    Parameters
    ----------
    role : {"alice", "bob"}
    configuration : dict
        Everything the parties must agree on, as JSON has it.
    shared_key : bytes
        The public name of this party's pre-shared key, 16 bytes.
    entropy : Entropy
    sink : SecretSink
        This party's key store.
    authenticator : Authenticator
        For the answer to what a broken session left open.
    """

    name = "agree"

    def __init__(
        self,
        role: Role,
        configuration: dict[str, Any],
        shared_key: bytes,
        entropy: Entropy,
        sink: SecretSink,
        authenticator: Authenticator,
    ) -> None:
        self._role: Role = role
        self._shared_key = shared_key
        self._configuration = msgspec.json.encode(configuration, order="deterministic")
        self._entropy = entropy
        self._sink = sink
        self._authenticator = authenticator
        self._talk: Talk[SessionOpened] | None = None
        self._begun = False
        self._waiting: list[Any] = []
        self._waiting_bytes = 0
        self._early: list[bytes] = []
        self._failed = False

    @property
    def full(self) -> bool:
        """See :class:`~postproc.stage.Bounded`."""
        return self._talk is not None and self._waiting_bytes >= MAX_BYTES

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take anything on ``in``; the first message opens the dialogue."""
        if port == "peer":
            yield from self._hear(message)
        elif isinstance(message, Prepared):
            yield from self._begin()
        elif not self._begun or self._talk is not None:
            self._waiting.append(message)
            self._waiting_bytes += getattr(message, "nbytes", 0)
            yield from self._begin()
        elif not self._failed or isinstance(message, End):
            yield Emission("out", message)

    def finish(self) -> Iterable[Emission]:
        """Give up on a peer that never answered."""
        if self._talk is not None:
            reason = "the other party never said hello; check that it runs and can be reached"
            yield from self._conclude(self._talk.abandon(reason))

    def _begin(self) -> Iterator[Emission]:
        if self._begun:
            return
        self._begun = True
        nonce = self._entropy.stream(self.name, 0).bytes(16)
        dialogue = self._alice(nonce) if self._role == "alice" else self._bob(nonce)
        self._talk = Talk(self.name, self._role, BlockRecord(b"", 0), dialogue, self._authenticator)
        yield from self._conclude(self._talk.start())
        for data in self._early:
            yield from self._hear(data)
        self._early.clear()

    def _alice(self, nonce: bytes) -> Dialogue[SessionOpened]:
        yield from say(Hello(nonce, self._configuration, self._shared_key, ()))
        theirs = yield from hear(Hello)
        opened = self._open(nonce, theirs.nonce, theirs)
        yield from answer(theirs.staged, self._sink)
        return opened

    def _bob(self, nonce: bytes) -> Dialogue[SessionOpened]:
        theirs = yield from hear(Hello)
        staged = staged_blocks(self._sink)
        yield from say(Hello(nonce, self._configuration, self._shared_key, staged))
        opened = self._open(theirs.nonce, nonce, theirs)
        yield from settle(staged, self._sink)
        return opened

    def _open(self, alice: bytes, bob: bytes, theirs: Hello) -> SessionOpened:
        if theirs.configuration != self._configuration:
            raise ProtocolViolation(
                f"{DISAGREEMENT}: {_difference(self._configuration, theirs.configuration, self._role)}"
            )
        if theirs.shared_key != self._shared_key:
            raise ProtocolViolation(f"{KEY_MISMATCH}: {self._both_names(theirs.shared_key)}")
        text = b"qkdctl session" + alice + bob + self._configuration
        return SessionOpened(BlockRecord(b"", 0), hashlib.sha256(text).digest()[:SESSION_BYTES])

    def _both_names(self, theirs: bytes) -> str:
        alice, bob = (self._shared_key, theirs) if self._role == "alice" else (theirs, self._shared_key)
        return f"{alice.hex()} at Alice and {bob.hex()} at Bob; give both parties the same new one with --psk"

    def _hear(self, data: bytes) -> Iterator[Emission]:
        if self._talk is None:
            if not self._begun and len(self._early) < 2:
                self._early.append(data)
            return
        try:
            frame = unpack(data)
        except ProtocolViolation:
            return
        if frame.block == 0 and frame.session == b"":
            yield from self._conclude(self._talk.hear(frame, data))

    def _conclude(self, frames: list[bytes]) -> Iterator[Emission]:
        for frame in frames:
            yield Emission("peer", frame)
        result = self._talk.result if self._talk is not None else None
        if result is None or self._talk is None:
            return
        self._talk, self._failed = None, isinstance(result, BlockEnded)
        if isinstance(result, SessionOpened):
            record = msgspec.structs.replace(result.record, session=result.session)
            result = msgspec.structs.replace(result, record=record)
        yield Emission("out", result)
        for message in self._waiting:
            if not self._failed or isinstance(message, End):
                yield Emission("out", message)
        self._waiting.clear()
        self._waiting_bytes = 0


def _difference(own: bytes, theirs: bytes, role: Role) -> str:
    """Name the first place where two configurations differ, and both values."""
    try:
        place, mine, other = next(_differences(msgspec.json.decode(own), msgspec.json.decode(theirs), ""))
    except (StopIteration, msgspec.MsgspecError, ValueError, RecursionError):
        return "they are not even of the same form; run the same version at both ends"
    alice, bob = (mine, other) if role == "alice" else (other, mine)
    return f"{place} is {alice} at Alice and {bob} at Bob; give both parties the same scenario file"


def _differences(own: Any, theirs: Any, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(own, dict) and isinstance(theirs, dict):
        # Another protocol has other keys altogether: that is what to tell then.
        for key in sorted({*own, *theirs}, key=lambda key: (key != "protocol", key)):
            yield from _differences(own.get(key), theirs.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(own, list) and isinstance(theirs, list) and len(own) == len(theirs):
        for i, (a, b) in enumerate(zip(own, theirs, strict=True)):
            yield from _differences(a, b, f"{place}[{i}]")
    elif own != theirs:
        yield place, _short(own), _short(theirs)


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else text[:37] + "..."

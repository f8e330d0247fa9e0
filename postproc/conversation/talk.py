"""Driving one dialogue: every message is encoded, numbered, written down and counted here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from postproc.authentication.wegman_carter import Authenticator, forgery_bound
from postproc.conversation.dialogue import (
    Attest,
    Check,
    Dialogue,
    Hear,
    Note,
    Pause,
    Request,
    Review,
    Say,
    Warn,
)
from postproc.conversation.frames import VERSION, Frame, pack
from postproc.conversation.messages import MAX_REASON, Abort, Message, TranscriptTag, decode, encode
from postproc.conversation.record import BlockRecord, Disclosure
from postproc.errors import BlockRefused, PostprocError, ProtocolViolation
from postproc.outcome import BlockEnded
from postproc.types import Alarm, Role

T = TypeVar("T")


class Talk(Generic[T]):
    """One party's half of one dialogue over one block.

    Parameters
    ----------
    stage, role : str
        Who speaks.
    record : BlockRecord
        The block's books so far.
    dialogue : Dialogue
        What to say and hear; it returns what becomes of the block.
    authenticator : Authenticator, optional
        Needed where the dialogue attests or checks.

    Attributes
    ----------
    result : T, BlockEnded or None
        What the dialogue came to; None while it waits for the peer.
    alarms : list of Alarm
        What it has warned of.
    """

    def __init__(
        self,
        stage: str,
        role: Role,
        record: BlockRecord,
        dialogue: Dialogue[T],
        authenticator: Authenticator | None = None,
    ) -> None:
        self._stage = stage
        self._role: Role = role
        self._peer: Role = "bob" if role == "alice" else "alice"
        self._record = record
        self._dialogue = dialogue
        self._authenticator = authenticator
        self._frames: dict[Role, list[bytes]] = {"alice": [], "bob": []}
        self._outbox: list[bytes] = []
        self._waiting: Hear | Check | Pause | None = None
        self.result: T | BlockEnded | None = None
        self.alarms: list[Alarm] = []

    @property
    def record(self) -> BlockRecord:
        """The block's books, this dialogue's part included."""
        return msgspec.structs.replace(
            self._record,
            transcript=self._record.transcript.extended(self._frames["alice"], self._frames["bob"]),
        )

    def start(self) -> list[bytes]:
        """Run until the dialogue waits or ends; give the frames to send."""
        return self._guarded(lambda: self._advance(None))

    def hear(self, frame: Frame, data: bytes) -> list[bytes]:
        """Take the peer's next frame (and its bytes as they came); give the frames to send."""
        return self._guarded(lambda: self._hear(frame, data))

    @property
    def need(self) -> Any:
        """What the dialogue waits for from its own stage; None where it waits for the peer."""
        return self._waiting.need if isinstance(self._waiting, Pause) else None

    def supply(self, value: Any) -> list[bytes]:
        """Give the dialogue what it needs; give the frames to send."""
        self._waiting = None
        return self._guarded(lambda: self._advance(value))

    def abandon(self, reason: str, *, tell: bool = True) -> list[bytes]:
        """End the block from outside; give the frames to send, if the peer is to know."""
        return self._end(refused=False, reason=reason, tell=tell)

    def call_off(self, refused: bool, reason: str) -> None:
        """End the block because the peer has."""
        if not refused:
            reason = f"{self._peer.capitalize()} ended the block: {reason}"
        self._end(refused=refused, reason=reason, tell=False)

    def _guarded(self, step: Callable[[], None]) -> list[bytes]:
        try:
            step()
        except BlockRefused as error:
            return self._end(refused=True, reason=str(error), tell=True)
        except PostprocError as error:
            return self._end(refused=False, reason=str(error), tell=True)
        outbox, self._outbox = self._outbox, []
        return outbox

    def _end(self, *, refused: bool, reason: str, tell: bool) -> list[bytes]:
        self._dialogue.close()
        if tell:
            self._send(Abort(refused, reason[:MAX_REASON]))
        outbox, self._outbox = self._outbox, []
        self.result = BlockEnded(self.record, "refused" if refused else "aborted", reason)
        return outbox

    def _hear(self, frame: Frame, data: bytes) -> None:
        expected = len(self._frames[self._peer])
        if frame.sequence != expected:
            raise ProtocolViolation(
                f"message {frame.sequence} of {self._peer.capitalize()} came where {expected} was due: "
                "one was lost, repeated or reordered on the way"
            )
        message = self._read(frame)
        if isinstance(message, Abort):
            self.call_off(message.refused, message.reason)
            return
        if isinstance(message, TranscriptTag):
            self._check(message)
        self._enter(message, self._peer, data)
        self._waiting = None
        self._advance(message)

    def _read(self, frame: Frame) -> Message:
        """Decode what may be said now; an abort may be said at any time."""
        match self._waiting:
            case Hear(kind):
                return decode(frame.payload, kind)
            case Check():
                return decode(frame.payload, TranscriptTag)
        try:
            return decode(frame.payload, Abort)
        except ProtocolViolation:
            raise ProtocolViolation(f"{self._peer.capitalize()} spoke out of turn") from None

    def _advance(self, value: Any) -> None:
        """Resume the dialogue until it needs the peer or returns."""
        while True:
            try:
                request = self._dialogue.send(value)
            except StopIteration as stop:
                self.result = msgspec.structs.replace(stop.value, record=self.record)
                return
            if isinstance(request, Hear | Check | Pause):
                self._waiting = request
                return
            value = self._do(request)

    def _do(self, request: Request) -> Any:
        match request:
            case Say(message):
                self._send(message)
            case Attest():
                self._send(self._authenticate().tag(self._text(self._role)))
            case Review():
                return self.record
            case Warn(alarm):
                self.alarms.append(alarm)
            case Note(figures):
                self._record = msgspec.structs.replace(
                    self._record, figures={**self._record.figures, **figures}
                )
        return None

    def _check(self, tag: TranscriptTag) -> None:
        self._authenticate().check(self._text(self._peer), tag)

    def _authenticate(self) -> Authenticator:
        if self._authenticator is None:
            raise ProtocolViolation(f"stage {self._stage} holds no authentication key")
        return self._authenticator

    def _text(self, sender: Role) -> bytes:
        """What a tag of `sender` covers: who tags, and all frames so far, each with its length."""
        record = self.record
        return msgspec.msgpack.encode((sender, record.preamble, record.transcript))

    def _send(self, message: Message) -> None:
        frame = Frame(
            VERSION,
            self._record.session,
            self._stage,
            self._record.block,
            len(self._frames[self._role]),
            encode(message),
        )
        data = pack(frame)
        self._enter(message, self._role, data)
        self._outbox.append(data)

    def _enter(self, message: Message, speaker: Role, data: bytes) -> None:
        """Write a message into the books: transcript, disclosed bits, authentication."""
        record = self._record
        if isinstance(message, TranscriptTag) and message.is_masked:
            bound = forgery_bound(len(self._text(speaker)))
            record = msgspec.structs.replace(
                record,
                tags=(*record.tags, speaker),
                epsilon_authentication=record.epsilon_authentication + bound,
            )
        if bits := message.discloses():
            record = msgspec.structs.replace(
                record, disclosures=(*record.disclosures, Disclosure(self._stage, speaker, bits))
            )
        self._record = record
        self._frames[speaker].append(data)

"""The stage that holds one dialogue a block with its twin at the other party."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from postproc.authentication.wegman_carter import Authenticator
from postproc.conversation.dialogue import Dialogue
from postproc.conversation.frames import Frame, unpack
from postproc.conversation.messages import Abort, decode
from postproc.conversation.overtaken import MAX_OPEN_BLOCKS, Overtaken
from postproc.conversation.record import BlockRecord
from postproc.conversation.talk import Talk
from postproc.entropy import Entropy, Stream
from postproc.errors import ProtocolViolation
from postproc.outcome import BlockEnded, CalledOff
from postproc.stage import Emission, InPort
from postproc.types import Alarm, End, Role

MAX_EARLY_FRAMES = 64
"""Frames kept for blocks that this party has not reached yet."""


class Recorded(Protocol):
    """A block with its books."""

    @property
    def record(self) -> BlockRecord:
        """The block's books."""
        ...


REMEMBERED = 64
"""So many blocks that have passed are remembered, in case the peer calls one off."""

MAX_HELD_BLOCKS = MAX_OPEN_BLOCKS + 1
"""With so many blocks open or waiting, no more is wanted from upstream. That is one more than are open: behind four
blocks that the peer has ended comes the news of it, and it must get in. Before a fifth comes, the peer has ended one of
them or is done with it, for at the stage before, too, it has no more than four open."""

MAX_IN_ORDER = 32
"""Nor where so much waits behind a block that is not done."""

LOST = "a word was lost: the other party has gone on with later blocks, and says nothing more of this one"
SILENT = "the other party fell silent before this block was done"

B = TypeVar("B", bound=Recorded)
T = TypeVar("T", bound=Recorded)


class Conversation(Generic[B, T]):
    """A stage that answers each block of type `kind` with what its dialogue makes of it.

    Blocks leave in the order in which they came, however their dialogues interleave; everything else
    passes through in its place. A few dialogues are held at a time; blocks that come meanwhile, such as those of a
    whole recording in one chunk, wait for their turn. A block of which a word was lost ends once that is certain.

    Whoever speaks last in a dialogue is done before the other has heard it. If the other then ends the block, a
    :class:`~postproc.outcome.CalledOff` follows the block to the stage that has it by now.

    Parameters
    ----------
    name : str
        The stage's name, the same at both parties.
    role : {"alice", "bob"}
        This party.
    kind : type
        The blocks it takes.
    script : callable (block, Stream) -> Dialogue
        The dialogue, told from this party's side.
    entropy : Entropy
        This party's randomness.
    authenticator : Authenticator, optional
        Needed where the script attests or checks.
    last : bool, optional
        No stage comes after this one: a block that has passed it is done, whatever is said.
    """

    def __init__(
        self,
        name: str,
        role: Role,
        kind: type[B],
        script: Callable[[B, Stream], Dialogue[T]],
        entropy: Entropy,
        authenticator: Authenticator | None = None,
        *,
        last: bool = False,
    ) -> None:
        self.name = name
        self._role: Role = role
        self._kind = kind
        self._script = script
        self._entropy = entropy
        self._authenticator = authenticator
        self._talks: dict[int, Talk[T]] = {}
        self._waiting: dict[int, Talk[T]] = {}
        self._overtaken = Overtaken()
        self._in_order: deque[Any] = deque()
        self._early: deque[tuple[Frame, bytes]] = deque()
        self._newest = -1
        self._passed: deque[tuple[bytes, int]] = deque(maxlen=0 if last else REMEMBERED)

    @property
    def full(self) -> bool:
        """See :class:`~postproc.stage.Bounded`."""
        held = len(self._talks) + len(self._waiting)
        return held >= MAX_HELD_BLOCKS or len(self._in_order) >= MAX_IN_ORDER

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take a block or anything else on ``in``, or a frame (bytes) on ``peer``."""
        if port == "peer":
            yield from self._hear(message)
        elif isinstance(message, self._kind):
            self._take(message)
        elif isinstance(message, CalledOff):
            yield from self._call_off(message)
        else:
            self._in_order.append(message)
        yield from self._give_up_lost()
        yield from self._open()
        yield from self._release()

    def finish(self) -> Iterable[Emission]:
        """Abort the dialogues that still wait, and those not begun: the peer has fallen silent."""
        for number, talk in tuple(self._waiting.items()):
            # Of these the peer has heard nothing from here, and need not now.
            talk.abandon(SILENT, tell=False)
            self._close_if_done(number, talk)
        for number, talk in tuple(self._talks.items()):
            yield from _to_peer(talk.abandon(SILENT))
            self._close_if_done(number, talk)
        yield from self._release()

    def _take(self, block: B) -> None:
        number = block.record.block
        dialogue = self._script(block, self._entropy.stream(self.name, number))
        talk = Talk(self.name, self._role, block.record, dialogue, self._authenticator)
        self._in_order.append(talk)
        self._waiting[number] = talk

    def _open(self) -> Iterator[Emission]:
        """Begin the dialogues whose turn has come."""
        while self._waiting and len(self._talks) < MAX_OPEN_BLOCKS:
            number = next(iter(self._waiting))
            talk = self._talks[number] = self._waiting.pop(number)
            self._newest = max(self._newest, number)
            self._overtaken.begin(number)
            yield from self._said(number, talk.start())
            self._close_if_done(number, talk)
            early, self._early = self._early, deque()
            for frame, data in early:
                yield from self._dispatch(frame, data)
            yield from self._give_up_lost()

    def _said(self, number: int, frames: list[bytes]) -> Iterator[Emission]:
        if frames:
            self._overtaken.say(number)
        return _to_peer(frames)

    def _give_up_lost(self) -> Iterator[Emission]:
        for number in self._overtaken.lost():
            talk = self._talks[number]
            yield from _to_peer(talk.abandon(LOST))
            self._close_if_done(number, talk)

    def _hear(self, data: bytes) -> Iterator[Emission]:
        try:
            frame = unpack(data)
        except ProtocolViolation as error:
            yield Emission("out", _unexpected(self.name, str(error)))
            return
        yield from self._dispatch(frame, data)

    def _dispatch(self, frame: Frame, data: bytes) -> Iterator[Emission]:
        talk = self._talks.get(frame.block)
        if talk is not None and frame.session == talk.record.session:
            self._overtaken.hear(frame.block)
            yield from self._said(frame.block, talk.hear(frame, data))
            self._close_if_done(frame.block, talk)
        elif self._is_early(frame) and len(self._early) < MAX_EARLY_FRAMES:
            self._early.append((frame, data))
        elif self._is_early(frame):
            yield Emission("out", _unexpected(self.name, f"too many frames ahead of block {self._newest}"))
        elif (frame.session, frame.block) in self._passed and (abort := _abort_in(frame)) is not None:
            yield from self._call_off(CalledOff(frame.session, frame.block, abort.refused, abort.reason))
        # Any other frame for a block that has ended here tells nothing new: the peer ended it too, or will hear.

    def _is_early(self, frame: Frame) -> bool:
        return frame.block > self._newest or frame.block in self._waiting

    def _call_off(self, message: CalledOff) -> Iterator[Emission]:
        """End a block that the peer has ended: here, or at the stage that has it by now."""
        talk = self._talks.get(message.block) or self._waiting.get(message.block)
        if talk is not None and talk.record.session == message.session:
            talk.call_off(message.refused, message.reason)
            self._close_if_done(message.block, talk)
        elif (message.session, message.block) in self._passed:
            self._passed.remove((message.session, message.block))
            kept = (item for item in self._in_order if isinstance(item, Talk))
            talk = next((each for each in kept if each.record.block == message.block), None)
            if talk is not None:
                talk.call_off(message.refused, message.reason)
            else:
                # At once: what waits behind an open block here is not to delay it.
                yield Emission("out", message)

    def _close_if_done(self, number: int, talk: Talk[T]) -> None:
        if talk.result is None:
            return
        self._talks.pop(number, None)
        self._waiting.pop(number, None)
        done = not isinstance(talk.result, BlockEnded)
        self._overtaken.end(number, done=done)
        if done:
            self._passed.append((talk.record.session, number))

    def _release(self) -> Iterator[Emission]:
        """Let go of everything at the head of the queue that waits for no dialogue."""
        while self._in_order:
            head = self._in_order[0]
            if isinstance(head, Talk):
                if head.result is None:
                    return
                self._in_order.popleft()
                yield from (Emission("out", alarm) for alarm in head.alarms)
                yield Emission("out", head.result)
            else:
                self._in_order.popleft()
                if isinstance(head, End):
                    # Nothing follows an end: what is open further on ends with it.
                    self._passed = deque(maxlen=0)
                yield Emission("out", head)


def _to_peer(frames: Iterable[bytes]) -> Iterator[Emission]:
    return (Emission("peer", frame) for frame in frames)


def _abort_in(frame: Frame) -> Abort | None:
    try:
        return decode(frame.payload, Abort)
    except ProtocolViolation:
        return None


def _unexpected(stage: str, what: str) -> Alarm:
    return Alarm(
        "unexpected-message",
        "warning",
        stage,
        {"what": what[:200]},
        "The other party sent something that makes no sense here. Once is noise; if it comes again, check "
        "that both run the same version, and who else can reach the classical channel.",
    )

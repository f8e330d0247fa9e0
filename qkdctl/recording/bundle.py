"""Read one party's bundle: the tapes of all its processes."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from postproc.blocks import SecretBlock
from postproc.conversation.agreement import Agree
from postproc.conversation.frames import unpack as unpack_frame
from postproc.entropy import Stream
from postproc.errors import InputError, ProtocolViolation
from postproc.secretsink import Fate
from postproc.timetags.formats.sealed import RecordingKey
from postproc.traffic import Traffic, unpack
from postproc.types import End, Role
from qkdctl.errors import RecordingError
from qkdctl.recording.records import VERSION, Drew, Gave, Head, Held, Identified, Record, Said, Took
from qkdctl.recording.tape import Last, Place, TapeReader


class Bundle:
    """One party's recording of one session.

    Parameters
    ----------
    folder : Path
    role : {"alice", "bob"}
        Whose it must be.
    key : RecordingKey

    Attributes
    ----------
    head : Head
    whole : bool
        Every process came to the end of the session.
    instruments : dict of str to Identified
    results : list of Traffic
        What left the party's last stage, without transcripts.
    greetings : dict of Role to bytes
        Digest of the first frame of each party, by whose fresh number two bundles know that they are of one session.
    said : dict of int to set of bytes
        Digests of the frames that this party said, by block; only of blocks that ended in key: how a session ended
        may be told otherwise when it is repeated.

    Raises
    ------
    RecordingError
        If it is no bundle of this party, damaged, or its beginning is gone.
    """

    def __init__(self, folder: Path, role: Role, key: RecordingKey) -> None:
        self.folder = folder
        first = TapeReader(folder, "stages-0", key)
        self.head = self._read_head(first, role)
        self._tapes = [
            first,
            *(TapeReader(folder, f"stages-{i}", key) for i in range(1, len(self.head.layout))),
        ]
        self._draws: dict[tuple[str, int], deque[tuple[TapeReader, Place]]] = defaultdict(deque)
        self._held: dict[tuple[bytes, int], Fate] = {}
        self._ends = 0
        self.instruments: dict[str, Identified] = {}
        self.results: list[Traffic] = []
        self.greetings: dict[Role, bytes] = {}
        said: dict[int, set[bytes]] = defaultdict(set)
        for tape in self._tapes:
            for place, record in tape.records(Record):
                self._enter(tape, place, record, said)
        made = {result.record.block for result in self.results if isinstance(result, SecretBlock)}
        self.said = {block: digests for block, digests in said.items() if block in made}
        self.whole = self._ends == len(self._tapes)

    def messages(self) -> Iterator[Traffic]:
        """Give what the first stage was fed, the end excepted."""
        for _, record in self._tapes[0].records(Record):
            if isinstance(record, Took):
                message = unpack(record.message)
                if not isinstance(message, End):
                    yield message

    def stream(self, stage: str, block: int) -> Stream:
        """Give the randomness that a stage has drawn for a block: a bundle is an Entropy."""
        return _Draws(self._draws[stage, block], f"{self.folder}: {stage}, block {block}")

    def held(self, session: bytes, block: int) -> Fate:
        """Say what the party had made of a key when it was asked."""
        return self._held.get((session, block), "none")

    def _read_head(self, tape: TapeReader, role: Role) -> Head:
        _, head = next(tape.records(Record), (None, None))
        if not isinstance(head, Head):
            raise RecordingError(f"{self.folder}: the recording ends before it has begun")
        if head.version != VERSION:
            raise RecordingError(
                f"{self.folder}: a bundle of version {head.version}, expected {VERSION}; use the qkdctl that wrote it"
            )
        if head.role != role:
            raise RecordingError(
                f"{self.folder}: is {head.role.capitalize()}'s bundle, expected {role.capitalize()}'s"
            )
        return head

    def _enter(self, tape: TapeReader, place: Place, record: Any, said: dict[int, set[bytes]]) -> None:
        match record:
            case Drew():
                self._draws[record.stage, record.block].append((tape, place))
            case Held():
                self._held[record.session, record.block] = record.answer
            case Said():
                if is_greeting(record.frame):
                    self.greetings.setdefault(record.speaker, digest(record.frame))
                if record.speaker == self.head.role:
                    said[block_of(record.frame)].add(digest(record.frame))
            case Gave():
                self.results.append(unpack(record.message))
            case Identified():
                self.instruments[record.name] = record
            case Last():
                self._ends += 1


class _Draws(Stream):
    """What was drawn from one stream, in the same order."""

    def __init__(self, draws: deque[tuple[TapeReader, Place]], where: str) -> None:
        self._draws, self._where = draws, where

    def bytes(self, n: int) -> bytes:
        if not self._draws:
            # It ends the block, and no others: this one was not brought to its end then, either.
            raise InputError(f"{self._where}: the recording ends here, and has no more of its randomness")
        tape, place = self._draws.popleft()
        data: bytes = tape.record(place, Record).data
        if len(data) != n:
            raise RecordingError(
                f"{self._where}: {n} random bytes are drawn where {len(data)} were; use the qkdctl that recorded it"
            )
        return data


def digest(frame: bytes) -> bytes:
    """A short name of a frame."""
    return hashlib.sha256(frame).digest()[:16]


def block_of(frame: bytes) -> int:
    """Which block a frame is of; 0 for none."""
    try:
        return unpack_frame(frame).block
    except ProtocolViolation:
        return 0


def is_greeting(frame: bytes) -> bool:
    """Whether a frame is a party's first word in a session."""
    try:
        read = unpack_frame(frame)
    except ProtocolViolation:
        return False
    return (read.session, read.stage, read.block, read.sequence) == (b"", Agree.name, 0, 0)

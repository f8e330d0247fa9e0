"""What a process of a node needs to record its part of a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postproc.entropy import Entropy
from postproc.secretsink import SecretSink
from postproc.traffic import Traffic, pack
from postproc.types import Role
from qkdctl.keystore.store import KeyStore
from qkdctl.node.identities import read_identities
from qkdctl.node.spec import NodeSpec
from qkdctl.node.tap import NoTap, Tap
from qkdctl.recording.key import read_key
from qkdctl.recording.records import VERSION, Gave, Head, Identified, PoolState, Said, Took
from qkdctl.recording.tape import Tape
from qkdctl.recording.taped import TapedEntropy, TapedSink
from qkdctl.run import without_transcript


@dataclass(frozen=True)
class Deck:
    """Records what a process does, or nothing.

    Attributes
    ----------
    tape : Tape or None
    tap : Tap
        For its segment.
    """

    tape: Tape | None
    tap: Tap

    def entropy(self, entropy: Entropy) -> Entropy:
        """Give the party's randomness, written down where that is wanted."""
        return entropy if self.tape is None else TapedEntropy(entropy, self.tape)

    def sink(self, sink: SecretSink) -> SecretSink:
        """Give the party's key store, its answers written down where that is wanted."""
        return sink if self.tape is None else TapedSink(sink, self.tape)


class TapeTap:
    """Records what one segment of a party sees.

    Parameters
    ----------
    tape : Tape
    role : {"alice", "bob"}
        The party.
    first, last : bool
        Whether the segment is the party's first, or last: only they have the recording, and the outcome.
    """

    def __init__(self, tape: Tape, role: Role, *, first: bool, last: bool) -> None:
        self._tape, self._role, self._first, self._last = tape, role, first, last
        self._peer: Role = "bob" if role == "alice" else "alice"

    def took(self, item: bytes) -> None:
        """See :class:`~qkdctl.node.tap.Tap`."""
        if self._first:
            self._tape.write(Took(item))

    def said(self, frame: bytes) -> None:
        """See :class:`~qkdctl.node.tap.Tap`."""
        self._tape.write(Said(self._role, frame))

    def heard(self, frame: bytes) -> None:
        """See :class:`~qkdctl.node.tap.Tap`."""
        self._tape.write(Said(self._peer, frame))

    def gave(self, result: Traffic) -> None:
        """See :class:`~qkdctl.node.tap.Tap`."""
        if self._last:
            self._tape.write(Gave(pack(without_transcript(result))))


@contextmanager
def deck(spec: NodeSpec, place: int, store: KeyStore) -> Iterator[Deck]:
    """Give what records the process `place` of a node.

    Raises
    ------
    RecordingError
        If the session is to be recorded and cannot be.
    """
    if spec.record is None:
        yield Deck(None, NoTap())
        return
    key = read_key(Path(spec.record.key))
    with Tape(spec.record.path, tape_name(place), key, spec.record.keep_bytes) as tape:
        tape.write(_head(spec, store))
        yield Deck(tape, TapeTap(tape, spec.role, first=place == 0, last=place == len(spec.layout) - 1))
        # Instruments are known by now.
        for name, told in (read_identities(spec.path) or {}).items():
            tape.write(Identified(name, told["identity"], told["emulated"]))


def tape_name(place: int) -> str:
    """What the tape of a process is called."""
    return f"stages-{place}"


def _head(spec: NodeSpec, store: KeyStore) -> Head:
    """Tell what a session begins with."""
    pool = store.pool
    senders: tuple[Role, ...] = ("alice", "bob")
    return Head(
        version=VERSION,
        role=spec.role,
        scenario=Path(spec.scenario).read_text(),
        label=spec.label,
        layout=spec.layout,
        pool=PoolState(
            source=pool.name,
            hash_keys=pool.generations(),
            epsilon=pool.epsilon,
            free={sender: tuple(pool.free(sender)) for sender in senders},
            signed=pool.identity is not None,
        ),
        staged=tuple(store.staged()),
        calibration=Path(spec.calibration).read_text() if spec.calibration else "",
    )

"""A party whose randomness and key store are written down while it uses them."""

from __future__ import annotations

from postproc.entropy import Entropy, Stream
from postproc.secretsink import Fate, SecretKey, SecretSink
from qkdctl.recording.records import Drew, Held
from qkdctl.recording.tape import Tape


class TapedEntropy:
    """Randomness that is written down as it is drawn.

    Parameters
    ----------
    entropy : Entropy
    tape : Tape
    """

    def __init__(self, entropy: Entropy, tape: Tape) -> None:
        self._entropy, self._tape = entropy, tape

    def stream(self, stage: str, block: int) -> Stream:
        """Give the stream of a stage and block."""
        return _TapedStream(self._entropy.stream(stage, block), self._tape, stage, block)


class _TapedStream(Stream):
    def __init__(self, stream: Stream, tape: Tape, stage: str, block: int) -> None:
        self._stream, self._tape, self._stage, self._block = stream, tape, stage, block

    def bytes(self, n: int) -> bytes:
        data = self._stream.bytes(n)
        self._tape.write(Drew(self._stage, self._block, data))
        return data


class TapedSink:
    """A key store's session that writes down what it answers about sessions before.

    Parameters
    ----------
    sink : SecretSink
    tape : Tape
    """

    def __init__(self, sink: SecretSink, tape: Tape) -> None:
        self._sink, self._tape = sink, tape

    def stage(self, key: SecretKey) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self._sink.stage(key)

    def confirm(self, session: bytes, block: int) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self._sink.confirm(session, block)

    def quarantine(self, session: bytes, block: int) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self._sink.quarantine(session, block)

    def discard(self, session: bytes, block: int) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self._sink.discard(session, block)

    def unsettled(self) -> tuple[tuple[bytes, int], ...]:
        """See :class:`~postproc.secretsink.SecretSink`."""
        return self._sink.unsettled()

    def fate(self, session: bytes, block: int) -> Fate:
        """See :class:`~postproc.secretsink.SecretSink`."""
        answer = self._sink.fate(session, block)
        self._tape.write(Held(session, block, answer))
        return answer

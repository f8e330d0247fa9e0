"""What a run has come to so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from postproc.blocks import SecretBlock
from postproc.conversation.record import Transcript
from postproc.outcome import BlockEnded
from postproc.synchronisation.stage import ClockLocked
from postproc.timetags.recording import Recording
from postproc.timetags.types import PICOSECONDS_PER_SECOND, Acquired, StateChunk, TagChunk
from postproc.types import Role
from qkdctl.config.scenario import Scenario


@dataclass
class Stretch:
    """How much of a recording a party has read.

    Attributes
    ----------
    count : int
        Tags, or slots of prepared states.
    duration_s : float
    by_channel : array of int64, shape (256,)
        Tags on each channel.
    """

    count: int = 0
    duration_s: float = 0.0
    by_channel: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))

    def add(self, more: Acquired) -> None:
        """Add what another session has read."""
        self.count += more.count
        self.duration_s += more.duration_s
        self.by_channel = self.by_channel + more.by_channel

    def take(self, chunk: TagChunk | StateChunk, slot_s: float) -> None:
        """Count a chunk; prepared states last `slot_s` each."""
        self.count += len(chunk)
        if isinstance(chunk, TagChunk):
            self.duration_s += (chunk.stop_ps - chunk.start_ps) / PICOSECONDS_PER_SECOND
            self.by_channel += np.bincount(chunk.channel, minlength=256)
        else:
            self.duration_s += len(chunk) * slot_s

    def total(self) -> Acquired:
        """Give the counts so far."""
        return Acquired(self.count, self.duration_s, self.by_channel.copy())

    def follow(self, recording: Recording) -> Iterator[TagChunk | StateChunk]:
        """Read a recording, counting."""
        slot_s = 0.0
        if recording.kind == "states":
            slot_s = float(recording.header.slot_period_ps / PICOSECONDS_PER_SECOND)
        for chunk in recording.chunks():
            self.take(chunk, slot_s)
            yield chunk


def without_transcript(result: Any) -> Any:
    """Leave out all that was said: a long session says gigabytes."""
    if isinstance(result, SecretBlock | BlockEnded | ClockLocked):
        record = msgspec.structs.replace(result.record, transcript=Transcript(), preamble=Transcript())
        return msgspec.structs.replace(result, record=record)
    return result


@dataclass
class Run:
    """What a run has come to so far.

    Attributes
    ----------
    scenario : Scenario
        Alice's.
    stretches : dict of Role to Stretch
    results : dict of Role to list
        What left each party's last stage, in order.
    interrupted : bool
        Somebody stopped it before the end.
    """

    scenario: Scenario
    stretches: dict[Role, Stretch] = field(default_factory=lambda: {"alice": Stretch(), "bob": Stretch()})
    results: dict[Role, list[Any]] = field(default_factory=lambda: {"alice": [], "bob": []})
    interrupted: bool = False

    def add(self, role: Role, result: Any) -> None:
        """Keep what left a party's last stage, without all that was said."""
        self.results[role].append(without_transcript(result))

    def keys(self, role: Role) -> list[SecretBlock]:
        """Blocks that ended in key at a party."""
        return [result for result in self.results[role] if isinstance(result, SecretBlock)]

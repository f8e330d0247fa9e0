"""Locking Bob to a transmitter's slots.

Alice publishes the states of a preamble of slots; they are spent. Bob finds the rhythm of the slots in his
clicks, then the place where his detections agree with the published states, and so the number of every
slot. Detector delays show as phases against the common rhythm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postproc.conversation.dialogue import Dialogue, hear, note, pause, say
from postproc.conversation.record import BlockRecord
from postproc.errors import ProtocolViolation, SynchronisationFailed
from postproc.parameters.receiver import Bases, Receiver
from postproc.parameters.stages import Clock
from postproc.synchronisation.buffer import Span, Tags
from postproc.synchronisation.convert import prepared
from postproc.synchronisation.messages import LockReply, StatePreamble, lock_found, no_lock
from postproc.synchronisation.slotlock import SlotLocker
from postproc.synchronisation.stage import Locked
from postproc.timetags.types import PICOSECONDS_PER_SECOND, StateChunk

LAST_PS = 2**61
"""Times beyond this are none: what is added on the way stays within 64 bits."""


@dataclass(frozen=True)
class PrepareMeasureLock:
    """The dialogue of the lock, from both sides.

    Attributes
    ----------
    receiver : Receiver
        Bob's.
    bases : Bases
    clock : Clock
    period_ps : float
        Slot period on Alice's clock; slot n is centred on ``n * period``.
    """

    receiver: Receiver
    bases: Bases
    clock: Clock
    period_ps: float

    @property
    def preamble_slots(self) -> int:
        """Length of a preamble."""
        return max(round(self.clock.preamble_s * PICOSECONDS_PER_SECOND / self.period_ps), 1)

    def alice(self, record: BlockRecord, start: int) -> Dialogue[Locked]:
        """Publish preambles until Bob locks on one."""
        length = self.preamble_slots
        for attempt in range(self.clock.attempts):
            span = Span(start + attempt * length, start + (attempt + 1) * length)
            states: NDArray[np.uint8] = yield from pause(span)
            if len(states) < length:
                raise SynchronisationFailed(
                    f"preamble {attempt + 1} takes {length} slots, and Alice's recording ends after "
                    f"{len(states)} of them; record longer, or agree on a shorter preamble"
                )
            yield from say(StatePreamble(span.start, states))
            reply = yield from hear(LockReply)
            if reply.locked:
                yield from note(preamble_slots=(attempt + 1) * length)
                return Locked(record, span.stop, _as_it_is)
        raise SynchronisationFailed(f"no clock lock after {self.clock.attempts} preambles: {reply.reason}")

    def bob(self, record: BlockRecord, start: int) -> Dialogue[Locked]:
        """Look for Alice's preambles in the own detections."""
        reach = round(self.clock.max_offset_s * PICOSECONDS_PER_SECOND)
        locker = SlotLocker(self.receiver, self.bases, self.clock, self.period_ps)
        due: int | None = None
        for _ in range(self.clock.attempts):
            preamble = yield from hear(StatePreamble)
            self._check(preamble, due)
            due = preamble.first_slot + len(preamble.states)
            first, last = (round(slot * self.period_ps) for slot in (preamble.first_slot, due))
            tags: Tags = yield from pause(Span(first - reach, last + reach))
            try:
                found = locker.lock(preamble.first_slot, preamble.states, prepared(tags, self.receiver))
            except SynchronisationFailed as error:
                reason = str(error)
                yield from say(no_lock(reason))
                continue
            yield from say(lock_found())
            yield from note(**found.figures)
            return Locked(record, due, found.tracker, watch=found.tracker.watch, clock=found.tracker.clock_at)
        raise SynchronisationFailed(f"no clock lock after {self.clock.attempts} preambles: {reason}")

    def _check(self, preamble: StatePreamble, due: int | None) -> None:
        """Raise ProtocolViolation unless a preamble is what Alice may say."""
        if (
            len(preamble.states) != self.preamble_slots
            or (due is not None and preamble.first_slot != due)
            or (preamble.first_slot + self.preamble_slots) * self.period_ps > LAST_PS
            or (preamble.states > 0b1111).any()
        ):
            raise ProtocolViolation(
                f"Alice's preamble is not the states of the {self.preamble_slots} slots that are due"
            )


def _as_it_is(chunk: StateChunk) -> StateChunk:
    """Alice's slots need no conversion."""
    return chunk

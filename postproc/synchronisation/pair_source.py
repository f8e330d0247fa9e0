"""Locking two taggers to each other on the photon pairs that both see.

Alice publishes all her clicks of a preamble; they are spent. Bob looks for them in his own, finds offset,
drift and the delays of all detectors, and tells Alice the delays of hers, so that no time either party
publishes later shows which detector clicked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.conversation.dialogue import Dialogue, hear, note, pause, say
from postproc.conversation.record import BlockRecord
from postproc.errors import ProtocolViolation, SynchronisationFailed
from postproc.parameters.receiver import Bases, Receiver
from postproc.parameters.stages import Clock
from postproc.sifting.events import separate
from postproc.synchronisation.alignment import Aligner, Alignment
from postproc.synchronisation.buffer import Span, Tags
from postproc.synchronisation.convert import MAX_SHIFT_PS, Converter, known_delays, prepared
from postproc.synchronisation.messages import LockReply, TagPreamble, no_lock
from postproc.synchronisation.stage import Locked
from postproc.synchronisation.timing import TimingLeak, timing_alarm, timing_leak
from postproc.timetags.types import PICOSECONDS_PER_SECOND


@dataclass(frozen=True)
class PairSourceLock:
    """The dialogue of the lock, from both sides.

    Blocks start a little after the preamble, so that no delay carries a published click into a block.

    Attributes
    ----------
    alice_receiver, bob_receiver : Receiver
    bases : Bases
    clock : Clock
    window_ps : int
        Full width of the coincidence window.
    bin_ps : int
        Width of the bins in which times will be published.
    """

    alice_receiver: Receiver
    bob_receiver: Receiver
    bases: Bases
    clock: Clock
    window_ps: int
    bin_ps: int

    @property
    def length_ps(self) -> int:
        """Length of a preamble."""
        return round(self.clock.preamble_s * PICOSECONDS_PER_SECOND)

    def alice(self, record: BlockRecord, start: int) -> Dialogue[Locked]:
        """Publish preambles until Bob locks on one."""
        reason = ""
        for attempt in range(self.clock.attempts):
            span = Span(start + attempt * self.length_ps, start + (attempt + 1) * self.length_ps)
            tags: Tags = yield from pause(span)
            tags = prepared(tags, self.alice_receiver)
            if len(tags.time_ps) == 0:
                raise SynchronisationFailed(_no_more(attempt, reason))
            yield from say(TagPreamble(span.start, span.stop, tags.time_ps, tags.channel))
            reply = yield from hear(LockReply)
            if reply.locked:
                _check_reply(reply, self.alice_receiver, self.clock)
                yield from note(
                    preamble_tags=len(tags.time_ps), preamble_s=(attempt + 1) * self.clock.preamble_s
                )
                delays = known_delays(self.alice_receiver)
                delays[reply.channel] += reply.delay_ps
                return Locked(record, span.stop + MAX_SHIFT_PS, Converter(delays))
            reason = reply.reason
        raise SynchronisationFailed(f"no clock lock after {self.clock.attempts} preambles: {reason}")

    def bob(self, record: BlockRecord, start: int) -> Dialogue[Locked]:
        """Look for Alice's preambles in the own clicks."""
        aligner = Aligner(self.alice_receiver, self.bob_receiver, self.clock, self.window_ps)
        reach = round(self.clock.max_offset_s * PICOSECONDS_PER_SECOND)
        due: int | None = None
        for _ in range(self.clock.attempts):
            preamble = yield from hear(TagPreamble)
            published = self._published(preamble, due)
            due = preamble.stop_ps
            tags: Tags = yield from pause(Span(preamble.start_ps - reach, preamble.stop_ps + reach))
            try:
                found = aligner.align(published, prepared(tags, self.bob_receiver), self.length_ps)
            except SynchronisationFailed as error:
                reason = str(error)
                yield from say(no_lock(reason))
                continue
            yield from say(_reply(found))
            leak = self._timing_leak(found)
            yield from note(**_figures(found, leak))
            convert = Converter(self._bob_delays(found), found.clock)
            clock = found.clock.figures_at
            return Locked(record, due + MAX_SHIFT_PS, convert, (timing_alarm(leak),), clock=clock)
        raise SynchronisationFailed(f"no clock lock after {self.clock.attempts} preambles: {reason}")

    def _published(self, preamble: TagPreamble, due: int | None) -> Tags:
        """Alice's clicks, or ProtocolViolation unless they are what she may say."""
        times, channels = preamble.time_ps, preamble.channel
        known = [detector.channel for detector in self.alice_receiver.detectors]
        if (
            preamble.stop_ps - preamble.start_ps != self.length_ps
            or (due is not None and preamble.start_ps != due)
            or len(times) != len(channels)
            or not np.isin(channels, known).all()
            or kernels.first_disorder(times) is not None
            or (len(times) > 0 and times[0] < preamble.start_ps - MAX_SHIFT_PS)
            or (len(times) > 0 and times[-1] >= preamble.stop_ps + MAX_SHIFT_PS)
            or not separate(times, channels, self.alice_receiver.hold_off_ps).all()
        ):
            raise ProtocolViolation(
                "Alice's preamble is not a list of ascending clicks of her detectors, a hold-off apart, within "
                "the stretch that is due"
            )
        return Tags(times, channels)

    def _bob_delays(self, found: Alignment) -> NDArray[np.int64]:
        delays = known_delays(self.bob_receiver)
        for channel, delay in found.delays.bob.items():
            delays[channel] += round(delay)
        return delays

    def _timing_leak(self, found: Alignment) -> TimingLeak:
        """What Bob's published times tell about Bob's bits, where both measured in the key basis."""
        key_alice = [d.channel for d in self.alice_receiver.detectors if d.basis == self.bases.key]
        bits = {d.channel: d.bit for d in self.bob_receiver.detectors if d.basis == self.bases.key}
        both = np.isin(found.alice_channel, key_alice) & np.isin(found.bob_channel, list(bits))
        table = np.zeros(256, np.uint8)
        for channel, bit in bits.items():
            table[channel] = bit
        return timing_leak(table[found.bob_channel[both]], found.residual_ps[both], self.bin_ps)


def _no_more(preambles: int, reason: str) -> str:
    if preambles == 0:
        return "Alice's detectors did not click in the preamble; check that her recording is the right one"
    return f"no clock lock after {preambles} preambles, and Alice has no clicks for another: {reason}"


def _reply(found: Alignment) -> LockReply:
    """Tell Alice the delays of her detectors."""
    channels = sorted(found.delays.alice)
    delays = [round(found.delays.alice[channel]) for channel in channels]
    return LockReply(True, "", np.array(channels, np.uint8), np.array(delays, np.int64))


def _check_reply(reply: LockReply, receiver: Receiver, clock: Clock) -> None:
    """Raise ProtocolViolation unless delays are what Bob may say."""
    due = [detector.channel for detector in receiver.detectors] if clock.estimate_delays else []
    furthest = clock.max_delay_ps
    if (
        len(reply.channel) != len(reply.delay_ps)
        or sorted(reply.channel.tolist()) != sorted(due)
        or ((reply.delay_ps < -furthest) | (reply.delay_ps > furthest)).any()
    ):
        raise ProtocolViolation(
            f"Bob's reply does not give one delay of at most {furthest} ps for each of Alice's "
            f"{len(due)} detectors whose delays were to be found"
        )


def _figures(found: Alignment, leak: TimingLeak) -> dict[str, float]:
    return {
        "offset_ps": float(found.clock.offset_at(0)),
        "drift_ppb": float(found.clock.drift * 1e9),
        "drift_error_ppb": found.drift_error * 1e9,
        "preamble_pairs": len(found.residual_ps),
        "jitter_ps": float(np.std(found.residual_ps)),
        "timing_leak_bits": leak.bits,
        "timing_leak_error_bits": leak.error,
    }

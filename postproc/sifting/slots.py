"""Steps 1 and 2 for prepare-and-measure: Bob's slots and bases, then Alice's matches and intensities."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.bits import Bits
from postproc.blocks import ClickBlock, SiftedBlock, StateBlock
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.conversation.messages import Message
from postproc.entropy import Stream
from postproc.errors import ProtocolViolation
from postproc.parameters.receiver import Bases, Receiver
from postproc.sifting.events import TEST, events, hold_off
from postproc.sifting.grid import first_centre_ps
from postproc.sifting.observables import Memory, Seen, Watch, check
from postproc.timetags.types import PICOSECONDS_PER_SECOND


class SlotAnnouncement(Message, frozen=True):
    """Bob: in which slots of the block he has events, and in which basis.

    Attributes
    ----------
    slot : array of uint32, shape (n,)
        Strictly ascending, counted from the block's first slot.
    basis : Bits
        One an event: 0 the key basis, 1 the test basis.
    """

    slot: NDArray[np.uint32]
    basis: Bits


class Matches(Message, frozen=True):
    """Alice: which events were measured in her basis, and the intensity behind each of those.

    Attributes
    ----------
    match : Bits
        One an announced event.
    intensity : array of uint8
        One a match, in the configured order.
    """

    match: Bits
    intensity: NDArray[np.uint8]


@dataclass(frozen=True)
class SiftSlots:
    """Sifting for decoy-state BB84.

    Attributes
    ----------
    receiver : Receiver
        Bob's.
    bases : Bases
    period_ps : float
        Slot n is centred on ``n * period`` of Alice's clock.
    gate_ps : int
        Full width around a slot's centre in which a click counts, for all detectors alike.
    n_intensities : int
    watch : Watch or None
        What Bob's clicks should look like; see :mod:`postproc.sifting.observables`.
    memory : Memory
        What the blocks before showed of it.
    """

    receiver: Receiver
    bases: Bases
    period_ps: float
    gate_ps: int
    n_intensities: int
    watch: Watch | None = None
    memory: Memory = field(default_factory=Memory, compare=False)

    def bob(self, block: ClickBlock, entropy: Stream) -> Dialogue[SiftedBlock]:
        """Announce slots and bases, then keep what matches."""
        slot, basis, bit = yield from self._detections(block, entropy)
        yield from say(SlotAnnouncement(slot, Bits.from_array(basis)))
        reply = yield from hear(Matches)
        match = reply.match.to_array().astype(bool)
        if (
            len(match) != len(slot)
            or len(reply.intensity) != np.count_nonzero(match)
            or (reply.intensity >= self.n_intensities).any()
        ):
            raise ProtocolViolation("Alice's matches do not fit what was announced")
        return (yield from _split(block, basis[match], bit[match], reply.intensity))

    def alice(self, block: StateBlock, entropy: Stream) -> Dialogue[SiftedBlock]:
        """Compare bases with the prepared states; tell matches and intensities."""
        said = yield from hear(SlotAnnouncement)
        slots = said.slot
        if len(slots) != len(said.basis) or (
            len(slots) > 0
            and (slots[-1] >= len(block.states) or (np.diff(slots.astype(np.int64)) <= 0).any())
        ):
            raise ProtocolViolation("Bob's announcement is not a list of ascending slots within the block")
        match, kept = kernels.match_bases(block.states, slots, said.basis)
        one = np.uint8(1)
        basis, bit, intensity = kept & one, kept >> one & one, kept >> np.uint8(2)
        yield from note(events=len(slots))
        yield from say(Matches(match, intensity))
        return (yield from _split(block, basis, bit, intensity))

    def _detections(
        self, block: ClickBlock, entropy: Stream
    ) -> Dialogue[tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint8]]]:
        """One detection a slot: the first event inside the gate."""
        seen = events(block, self.receiver, self.bases, entropy)
        slot, which, beyond_ps, inside = kernels.gate_slots(
            seen.time_ps,
            block.start_ps,
            centre_ps=first_centre_ps(block.start_ps, self.period_ps),
            period_ps=self.period_ps,
            half_gate_ps=self.gate_ps / 2,
            n_slots=round((block.stop_ps - block.start_ps) / self.period_ps),
        )
        yield from note(events=len(seen), double_clicks=seen.doubles, gated_out=len(seen) - len(slot))
        yield from self._observe(block, beyond_ps, len(seen), len(seen) - inside)
        return slot, seen.basis[which], seen.bit[which]

    def _observe(
        self, block: ClickBlock, beyond_ps: NDArray[np.float64], n_events: int, noise: int
    ) -> Dialogue[None]:
        """Look for what no honest block shows; nothing was said about this one yet."""
        rms_ps = float(np.std(beyond_ps)) if len(beyond_ps) else 0.0
        lost_ps = n_events * hold_off(self.receiver) + sum(g.last_ps - g.first_ps for g in block.gaps)
        live_ps = max(block.stop_ps - block.start_ps - lost_ps, 0)
        dark_s = live_ps * (1 - self.gate_ps / self.period_ps) / PICOSECONDS_PER_SECOND
        yield from note(arrival_rms_ps=rms_ps, noise_clicks=noise)
        if self.watch is not None:
            check(self.watch, Seen(len(beyond_ps), rms_ps, noise, dark_s), self.memory)


def _split(
    block: ClickBlock | StateBlock,
    basis: NDArray[np.uint8],
    bit: NDArray[np.uint8],
    intensity: NDArray[np.uint8],
) -> Dialogue[SiftedBlock]:
    key, test = basis != TEST, basis == TEST
    yield from note(key_bits=int(key.sum()), test_bits=int(test.sum()))
    return SiftedBlock(
        block.record,
        Bits.from_array(bit[key]),
        intensity[key],
        Bits.from_array(bit[test]),
        intensity[test],
    )

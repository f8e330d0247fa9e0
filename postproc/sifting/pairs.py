"""Steps 1 and 2 for BBM92: times and bases of Bob's events, then which of them Alice keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from postproc import kernels
from postproc.bits import Bits
from postproc.blocks import ClickBlock, SiftedBlock
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.conversation.messages import Message
from postproc.entropy import Stream
from postproc.errors import ProtocolViolation
from postproc.parameters.receiver import Bases, Receiver
from postproc.sifting.coincidences import pair
from postproc.sifting.events import TEST, events, hold_off
from postproc.sifting.following import Follower
from postproc.sifting.sample import draw

SEARCH_WINDOWS = 3
"""The first pass of the pairing looks this many coincidence windows wide."""


class PairAnnouncement(Message, frozen=True):
    """Bob: when his events were, in bins from the block's start, and in which basis.

    Attributes
    ----------
    bin : array of int64, shape (n,)
        Ascending.
    basis : Bits
        One an event: 0 the key basis, 1 the test basis.
    """

    bin: NDArray[np.int64]
    basis: Bits


class Kept(Message, frozen=True):
    """Alice: which of Bob's announced events count, one bit each."""

    kept: Bits


@dataclass(frozen=True)
class SiftPairs:
    """Sifting for BBM92.

    Attributes
    ----------
    alice_receiver, bob_receiver : Receiver
    bases : Bases
    window_ps, bin_ps : int
        Full width of the coincidence window; width of the bins in which times are published.
    sample_sizes : tuple of int or None
        Key and test bits that the proof fixes; Alice draws at random which ones stay.
    follower : Follower
        What Alice has seen of the clocks since the preamble.
    """

    alice_receiver: Receiver
    bob_receiver: Receiver
    bases: Bases
    window_ps: int
    bin_ps: int
    sample_sizes: tuple[int, int] | None
    follower: Follower = field(default_factory=Follower, compare=False)

    def bob(self, block: ClickBlock, entropy: Stream) -> Dialogue[SiftedBlock]:
        """Announce every event, then keep what Alice keeps."""
        seen = events(block, self.bob_receiver, self.bases, entropy)
        bins = (seen.time_ps - block.start_ps) // self.bin_ps
        yield from note(events=len(seen), double_clicks=seen.doubles)
        yield from say(PairAnnouncement(bins, Bits.from_array(seen.basis)))
        reply = yield from hear(Kept)
        if len(reply.kept) != len(seen):
            raise ProtocolViolation(f"Alice answered {len(reply.kept)} of {len(seen)} announced events")
        kept = reply.kept.to_array().astype(bool)
        return (yield from _split(block, seen.basis[kept], seen.bit[kept]))

    def alice(self, block: ClickBlock, entropy: Stream) -> Dialogue[SiftedBlock]:
        """Pair Bob's events with the own ones; keep equal bases, as many as the proof wants."""
        seen = events(block, self.alice_receiver, self.bases, entropy)
        said = yield from hear(PairAnnouncement)
        bob_ps = self.follower.steady(seen.time_ps, self._times(said, block), self.window_ps)
        pairs = pair(seen.time_ps, bob_ps, self.window_ps, SEARCH_WINDOWS * self.window_ps)
        yield from note(
            events=len(seen),
            double_clicks=seen.doubles,
            coincidences=len(pairs.bob),
            coincidence_jitter_ps=float(np.std(pairs.residual_ps)) if len(pairs.bob) else 0.0,
            clock_correction_ps=self.follower.offset_at(block.stop_ps),
            clock_correction_ppb=self.follower.drift_at(block.stop_ps) * 1e9,
        )
        bob_basis = said.basis.to_array()[pairs.bob]
        same = seen.basis[pairs.alice] == bob_basis
        chosen = np.flatnonzero(same)[self._choose(bob_basis[same], entropy)]
        kept = np.zeros(len(bob_ps), bool)
        kept[pairs.bob[chosen]] = True
        yield from say(Kept(Bits.from_array(kept)))
        own = pairs.alice[chosen]
        return (yield from _split(block, seen.basis[own], seen.bit[own]))

    def _times(self, said: PairAnnouncement, block: ClickBlock) -> NDArray[np.int64]:
        """Bob's announced times, at the centres of their bins."""
        bins = said.bin
        last = (block.stop_ps - block.start_ps) // self.bin_ps
        apart = hold_off(self.bob_receiver) // self.bin_ps
        if (
            len(bins) != len(said.basis)
            or kernels.first_disorder(bins) is not None
            or (len(bins) > 0 and (bins[0] < 0 or bins[-1] > last or (np.diff(bins) < apart).any()))
        ):
            raise ProtocolViolation(
                "Bob's announcement is not a list of ascending times within the block, a hold-off apart"
            )
        return block.start_ps + bins * self.bin_ps + self.bin_ps // 2

    def _choose(self, basis: NDArray[np.uint8], entropy: Stream) -> NDArray[np.int64]:
        """Indices to keep, ascending: all, or a random choice of the agreed sizes."""
        groups = [np.flatnonzero(basis != TEST), np.flatnonzero(basis == TEST)]
        return np.sort(np.concatenate(draw(groups, self.sample_sizes, entropy)))


def _split(block: ClickBlock, basis: NDArray[np.uint8], bit: NDArray[np.uint8]) -> Dialogue[SiftedBlock]:
    key, test = basis != TEST, basis == TEST
    yield from note(key_bits=int(key.sum()), test_bits=int(test.sum()))
    return SiftedBlock(
        block.record,
        Bits.from_array(bit[key]),
        np.zeros(int(key.sum()), np.uint8),
        Bits.from_array(bit[test]),
        np.zeros(int(test.sum()), np.uint8),
    )

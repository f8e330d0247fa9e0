"""The books of a block: what was said, what it disclosed, what authentication it cost.

A record goes with its block from stage to stage. Only the driver of the dialogues writes in it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from postproc.types import Figure, Role

TAG_BITS = 128


class Disclosure(msgspec.Struct, frozen=True):
    """Bits about the key that `speaker` told everybody during `stage`."""

    stage: str
    speaker: Role
    bits: int


class Transcript(msgspec.Struct, frozen=True):
    """Everything said in a block, as frames, in each direction's own order."""

    alice: tuple[bytes, ...] = ()
    bob: tuple[bytes, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Total length of all frames."""
        return sum(len(frame) for frame in (*self.alice, *self.bob))

    def extended(self, alice: Iterable[bytes], bob: Iterable[bytes]) -> Transcript:
        """Add what came after."""
        return Transcript((*self.alice, *alice), (*self.bob, *bob))


class BlockRecord(msgspec.Struct, frozen=True):
    """The books of one block. All but the figures is the same at both ends, or the block does not become key.

    Attributes
    ----------
    session : bytes
        The session, 16 bytes.
    block : int
        Number of the block; 0 is the session's preamble.
    preamble : Transcript
        Frames of block 0: how the configuration was agreed on and the clocks were locked. Every block's
        tags cover them, because any block may be the first that comes so far as to be authenticated.
    transcript : Transcript
        All frames of this block so far.
    disclosures : tuple of Disclosure
        The ledger of disclosed bits.
    tags : tuple of Role
        The ledger of authentication key: one entry for each tag, by its sender.
    epsilon_authentication : float
        Sum of the tags' forgery probabilities.
    figures : dict
        What the stages found worth reporting: counts, error rates, bounds. Each party's own.
    """

    session: bytes
    block: int
    preamble: Transcript = Transcript()
    transcript: Transcript = Transcript()
    disclosures: tuple[Disclosure, ...] = ()
    tags: tuple[Role, ...] = ()
    epsilon_authentication: float = 0.0
    figures: dict[str, Figure] = {}

    def disclosed_bits(self, *stages: str) -> int:
        """Total of the ledger of disclosed bits, of the named stages only if any are named."""
        return sum(entry.bits for entry in self.disclosures if not stages or entry.stage in stages)

    @property
    def authentication_bits(self) -> int:
        """One-time key spent on tags, both directions together."""
        return TAG_BITS * len(self.tags)

"""What Alice and Bob say in Cascade.

Alice tells parities of her key, and each costs one bit. Bob names cuts, never parities; but which cuts he
names follows from how Alice's parities compared with his, so his messages are charged one bit for each
parity compared, unless the session's proof grants the eavesdropper the error pattern.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from postproc.bits import Bits
from postproc.conversation.messages import Message

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class PassesOpened(Message, frozen=True):
    """Alice opens the schedule's next passes.

    Attributes
    ----------
    seed : bytes
        16 random bytes, drawn after the block was fixed: they order or choose the bits of these passes.
    parities : Bits
        Prefix parities of Alice's key at the ends of the blocks, pass after pass.
    """

    seed: bytes
    parities: Bits

    def discloses(self) -> int:
        """One bit for each parity."""
        return len(self.parities)


class CutsWanted(Message, frozen=True):
    """Bob asks for prefix parities inside odd blocks; no cuts at all mean that no block is odd any more.

    Attributes
    ----------
    counts : tuple of int
        How many cuts in each open pass.
    cuts : bytes
        Pass after pass: how many bits, in the order of that pass, each parity shall cover; packed as
        ``csrc/cascade_tell/packed_cuts.h`` says.
    compared : int
        How many of Alice's parities Bob has compared with his since he last spoke.
    charged : bool
        Whether the session charges Bob's side.
    """

    counts: tuple[Count, ...]
    cuts: bytes
    compared: Count
    charged: bool

    @property
    def count(self) -> int:
        """How many cuts in all passes together."""
        return sum(self.counts)

    def discloses(self) -> int:
        """One bit for each comparison: everything said here is a function of their outcomes."""
        return self.compared if self.charged else 0


class CutParities(Message, frozen=True):
    """Alice's answer: the prefix parities at the cuts, in the order in which they were asked.

    Attributes
    ----------
    count : int
    parities : bytes
        So many packed bits; unused ones are zero.
    """

    count: Count
    parities: bytes

    def discloses(self) -> int:
        """One bit for each parity."""
        return self.count

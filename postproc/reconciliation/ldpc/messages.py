"""What Alice and Bob say in error correction by LDPC codes.

Counted, in bits about the key: Alice's syndromes less what her private random bits hide of them, every bit
she discloses afterwards, and one bit for each frame whenever Bob says whether he could decode it. Nothing
else said depends on the keys.
"""

from __future__ import annotations

from postproc.bits import Bits
from postproc.conversation.messages import Message


class Syndromes(Message, frozen=True):
    """Alice tells the syndromes of all frames.

    Attributes
    ----------
    seed : bytes
        16 random bytes, drawn after the block was fixed: the permutation by which its bits come to frames.
    code : str
        The code's name, the same for all frames.
    hidden_bits : int
        How many syndrome bits the punctured bits of all frames hide: as many as there are such bits, because
        the parity-check matrix, restricted to them, has full column rank.
    syndromes : Bits
        Frame after frame.
    """

    seed: bytes
    code: str
    hidden_bits: int
    syndromes: Bits

    def discloses(self) -> int:
        """All syndrome bits but the hidden ones."""
        return len(self.syndromes) - self.hidden_bits


class FramesDecoded(Message, frozen=True):
    """Bob tells, of each frame that was open, whether he has decoded it now.

    Attributes
    ----------
    decoded : Bits
        One bit for each frame that was open, in their order.
    charged : bool
        Whether the session charges Bob's side.
    """

    decoded: Bits
    charged: bool

    def discloses(self) -> int:
        """One bit for each frame that was open: whether it could be decoded depends on its errors."""
        return len(self.decoded) if self.charged else 0


class Repair(Message, frozen=True):
    """Alice discloses the next bits of every open frame.

    Which bits these are follows from the plan and the seed, which are public and older than anything Bob
    said. He has no say in it: bits that he finds least reliable would tell about the state of his decoder.

    Attributes
    ----------
    bits : Bits
        Frame after frame.
    """

    bits: Bits

    def discloses(self) -> int:
        """Every bit: one that was punctured stops to hide a syndrome bit, one of the key is told."""
        return len(self.bits)

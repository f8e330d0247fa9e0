"""What a session wants of error correction, and what it gets."""

from __future__ import annotations

from typing import Literal, Protocol

from postproc.bits import Bits
from postproc.conversation.dialogue import Dialogue
from postproc.entropy import Stream

Profile = Literal["efficient", "fast"]
Method = Literal["ldpc", "cascade"]


class Reconciler(Protocol):
    """Error correction of one block: Alice's bits are the key, Bob corrects his.

    Both dialogues get the same public estimate of the error rate. It sets the pace, never the outcome.
    """

    @property
    def name(self) -> str:
        """The method's name."""
        ...

    def alice(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[None]:
        """Tell Bob what he needs."""
        ...

    def bob(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[Bits]:
        """Give what Bob holds Alice's key to be; verification has to follow."""
        ...

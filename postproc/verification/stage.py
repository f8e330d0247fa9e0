"""Step 5: Alice publishes a hash of her key under a fresh random hash key; Bob compares.

Poly1305 with hash key r collides for two different strings of L bytes with probability at most
``8 ceil(L / 16) / 2^106`` over r (Bernstein 2005, theorem 3.3), which must not exceed eps_cor. The mask is
public, so the 128 bits of the tag are charged as leak. A satisfied syndrome proves nothing; only this does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.poly1305 import Poly1305

from postproc.authentication.wegman_carter import forgery_bound
from postproc.bits import Bits
from postproc.blocks import ReconciledBlock, VerifiedBlock
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.conversation.messages import Message
from postproc.entropy import Stream
from postproc.errors import BlockRefused, ProofError

TAG_BYTES = 16


class KeyTag(Message, frozen=True):
    """Alice: a hash of her key.

    Attributes
    ----------
    hash_key : bytes
        32 random bytes, drawn after the key was corrected.
    tag : bytes
        16 bytes.
    """

    hash_key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    tag: Annotated[bytes, msgspec.Meta(min_length=TAG_BYTES, max_length=TAG_BYTES)]

    def discloses(self) -> int:
        """All bits of the tag."""
        return 8 * TAG_BYTES


class Equal(Message, frozen=True):
    """Bob: the hashes are equal; where they are not, he ends the block instead."""


@dataclass(frozen=True)
class Verify:
    """Compare the corrected keys.

    Attributes
    ----------
    eps_cor : float
        Probability with which two different keys may pass.
    """

    eps_cor: float

    def alice(self, block: ReconciledBlock, entropy: Stream) -> Dialogue[VerifiedBlock]:
        """Publish a fresh hash of the key."""
        hash_key = entropy.bytes(32)
        yield from say(KeyTag(hash_key, Poly1305.generate_tag(hash_key, _text(block.key))))
        yield from hear(Equal)
        return (yield from self._pass(block))

    def bob(self, block: ReconciledBlock, entropy: Stream) -> Dialogue[VerifiedBlock]:
        """Compare; a difference refuses the block."""
        said = yield from hear(KeyTag)
        try:
            Poly1305.verify_tag(said.hash_key, _text(block.key), said.tag)
        except InvalidSignature:
            raise BlockRefused(
                "the corrected keys differ: error correction left an error that the hash has caught"
            ) from None
        yield from say(Equal())
        return (yield from self._pass(block))

    def _pass(self, block: ReconciledBlock) -> Dialogue[VerifiedBlock]:
        bound = forgery_bound(len(_text(block.key)))
        if bound > self.eps_cor:
            raise ProofError(
                f"two different keys of {len(block.key)} bits pass verification with probability "
                f"{bound:.1e}, and eps_cor is {self.eps_cor:.1e}; agree on smaller blocks or a larger eps_cor"
            )
        yield from note(epsilon_verification=bound)
        return VerifiedBlock(block.record, block.key, block.key_intensity, block.statistics, block.errors)


def _text(key: Bits) -> bytes:
    """The key as the hash reads it: its length, then its bits."""
    return len(key).to_bytes(16, "little") + key.to_bytes()

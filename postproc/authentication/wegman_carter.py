"""Tags that an eavesdropper with any computer cannot forge.

Poly1305 with its hash key ``r`` kept and its mask ``s`` fresh for every tag is the Wegman-Carter
construction: a forger of one tag over L bytes succeeds with probability at most
``8 ceil(L / 16) / 2^106`` (Bernstein, "The Poly1305-AES message-authentication code", 2005, theorem 3.3;
recycling ``r`` under fresh masks: Portmann, arXiv:1202.1229).
"""

from __future__ import annotations

from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.poly1305 import Poly1305

from postproc.authentication.pool import NO_SHARED_KEY, AuthenticationPool, KeyName
from postproc.conversation.messages import NO_SOURCE, TranscriptTag
from postproc.errors import AuthenticationFailed, PoolExhausted
from postproc.types import Role

Method = Literal["psk", "mldsa65", "psk+mldsa65"]
"""How a session is authenticated: by tags, by signatures, or by both."""


def method_of(pool: AuthenticationPool) -> Method:
    """How a session that starts now is authenticated."""
    if pool.identity is None:
        return "psk"
    return "mldsa65" if pool.name == NO_SOURCE else "psk+mldsa65"


def forgery_bound(n_bytes: int) -> float:
    """Probability that a tag over `n_bytes` bytes (or fewer) is forged in one attempt."""
    return float(8 * -(-n_bytes // 16)) * 2.0**-106


class Authenticator:
    """One party's tags and signatures: makes its own and checks the peer's.

    Where the pool has not begun when the session starts, signatures alone authenticate the session, to its end:
    the parties may come to their first key at different moments.

    Parameters
    ----------
    role : {"alice", "bob"}
        Whose tags :meth:`tag` makes.
    pool : AuthenticationPool
        The shared key, and what this party signs with.

    Raises
    ------
    PoolExhausted
        If there is neither a shared key nor an identity.
    """

    def __init__(self, role: Role, pool: AuthenticationPool) -> None:
        self._role: Role = role
        self._peer: Role = "bob" if role == "alice" else "alice"
        self._pool = pool
        self._identity = pool.identity
        self._masks = pool.name != NO_SOURCE
        if not self._masks and self._identity is None:
            raise PoolExhausted(NO_SHARED_KEY)

    def tag(self, text: bytes) -> TranscriptTag:
        """Tag `text`, spending one one-time key of this party's direction, and sign it where it does."""
        signature = self._identity.sign(text) if self._identity else b""
        if not self._masks:
            return TranscriptTag(NO_SOURCE, 0, bytes(16), signature)
        name, mask = self._pool.take(self._role)
        hash_key = self._pool.hash_key(self._role, name.source)
        return TranscriptTag(
            name.source, name.number, Poly1305.generate_tag(hash_key + mask, text), signature
        )

    def check(self, text: bytes, tag: TranscriptTag) -> None:
        """Compare the peer's tag over `text`, and use up its one-time key; compare its signature.

        Raises
        ------
        AuthenticationFailed
            If it does not fit, or names a one-time key that is not free.
        """
        speaker = self._peer.capitalize()
        if self._identity is not None:
            self._identity.check(text, tag.signature, speaker)
        if self._masks:
            self._check_mask(text, tag, speaker)

    def _check_mask(self, text: bytes, tag: TranscriptTag, speaker: str) -> None:
        name = KeyName(tag.source, tag.number)
        try:
            mask = self._pool.peek(self._peer, name)
            hash_key = self._pool.hash_key(self._peer, name.source)
            Poly1305.verify_tag(hash_key + mask, text, tag.tag)
        except PoolExhausted as error:
            raise AuthenticationFailed(
                f"{speaker}'s tag does not fit: {error}; if this comes again, give both parties a new "
                "pre-shared key"
            ) from None
        except InvalidSignature:
            raise AuthenticationFailed(
                f"{speaker}'s tag does not fit what was said: somebody changed a message, or the two parties "
                "hold different pre-shared keys"
            ) from None
        self._pool.mark_used(self._peer, name)

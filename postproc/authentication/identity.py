"""Signatures for parties that share no key yet: ML-DSA-65 (FIPS 204).

A signature holds against an eavesdropper with a quantum computer, as far as is known, and only while it has not
been broken: key made under it stays secret even if it is broken *later*, because what it protects is who said
what at the time. So the first key of two parties may be authenticated by signatures alone; it fills the pool, and
from the next session on Wegman-Carter tags take over. Where both a pool and identities are there, both must fit.

A signature covers both public keys: it is no good for another of the signer's links, whoever passes it on.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from postproc.errors import AuthenticationFailed, InputError

SECRET_BYTES, PUBLIC_BYTES, SIGNATURE_BYTES = 32, 1952, 3309

CONTEXT = b"qkdctl transcript"
"""Nothing else that is signed with the same key can be taken for a transcript."""


class Identity:
    """The own signing key, and the other party's public one.

    Parameters
    ----------
    secret : bytes
        32 bytes, the seed of the key pair.
    peer : bytes
        1952 bytes.

    Raises
    ------
    InputError
        If either is none.
    """

    def __init__(self, secret: bytes, peer: bytes) -> None:
        self._own = MLDSA65PrivateKey.from_seed_bytes(_whole("secret key", secret, SECRET_BYTES))
        self._peer = MLDSA65PublicKey.from_public_bytes(_whole("public key", peer, PUBLIC_BYTES))
        self._names = self._own.public_key().public_bytes_raw(), peer

    def sign(self, text: bytes) -> bytes:
        """Sign `text`, and for whom it is meant; give 3309 bytes."""
        own, peer = self._names
        return self._own.sign(own + peer + text, CONTEXT)

    def check(self, text: bytes, signature: bytes, speaker: str) -> None:
        """Compare the peer's signature, and that it is meant for this party.

        Raises
        ------
        AuthenticationFailed
            If there is none, or it does not fit.
        """
        if not signature:
            raise AuthenticationFailed(
                f"{speaker}'s signature is missing: this party expects one; give both parties identities, or neither"
            )
        own, peer = self._names
        try:
            self._peer.verify(signature, peer + own + text, CONTEXT)
        except InvalidSignature:
            raise AuthenticationFailed(
                f"{speaker}'s signature does not fit what was said: somebody changed a message, or this is not "
                "the party whose public key is known here"
            ) from None

    def __repr__(self) -> str:
        return "<identity>"


def make_identity() -> tuple[bytes, bytes]:
    """Give a fresh secret key and its public key."""
    key = MLDSA65PrivateKey.generate()
    return key.private_bytes_raw(), key.public_key().public_bytes_raw()


def _whole(what: str, data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise InputError(f"an identity's {what} has {length} bytes, got {len(data)}; make one anew")
    return data

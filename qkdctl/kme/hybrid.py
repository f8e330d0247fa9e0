"""Combining QKD keys with post-quantum key encapsulation, so that a key holds as long as either does.

Combiners, by what is left of information-theoretic security:

``xor``
    The QKD key, exclusive-or a stream derived from the ML-KEM secret. If QKD holds, the key is as secure as
    the QKD key itself, against any computer; if not, it is as secure as ML-KEM.
``cat``
    ETSI TS 103 744 CatKDF with HKDF-SHA256 over QKD key and ML-KEM secret: bound to all that was said, and
    computationally secure, also where QKD holds.

Both bind the key to its ID, its SAEs, the ML-KEM public key and the ciphertext. :func:`cas_kdf` is the cascaded
form of the same specification, for applications that agree on keys in several steps.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Kem = Literal["ML-KEM-768", "ML-KEM-1024"]
Combiner = Literal["xor", "cat"]

KEMS: tuple[Kem, ...] = get_args(Kem)
LABEL = b"qkdctl hybrid key v1"
MOST_BYTES = 255 * 32
"""The longest key that HKDF-SHA256 derives, RFC 5869."""

_PRIVATE: dict[str, type[mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey]] = {
    "ML-KEM-768": mlkem.MLKEM768PrivateKey,
    "ML-KEM-1024": mlkem.MLKEM1024PrivateKey,
}
_PUBLIC: dict[str, type[mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey]] = {
    "ML-KEM-768": mlkem.MLKEM768PublicKey,
    "ML-KEM-1024": mlkem.MLKEM1024PublicKey,
}


class Suite(msgspec.Struct, frozen=True):
    """What is combined with the QKD key, and how."""

    kem: Kem = "ML-KEM-768"
    combiner: Combiner = "xor"


class Encapsulation(msgspec.Struct, frozen=True):
    """What the one who encapsulated tells the other.

    Attributes
    ----------
    suite : Suite
    key : bytes
        Which public key: its SHA-256 digest.
    ciphertext : bytes
    """

    suite: Suite
    key: bytes
    ciphertext: bytes


class KemKeys:
    """The key pairs of this end, one for each parameter set."""

    def __init__(self) -> None:
        self._private = {kem: _PRIVATE[kem].generate() for kem in KEMS}

    @property
    def public(self) -> dict[str, bytes]:
        """The public keys, as the other end gets them."""
        return {kem: key.public_key().public_bytes_raw() for kem, key in self._private.items()}

    def decapsulate(self, told: Encapsulation) -> tuple[bytes, bytes]:
        """Give the shared secret and the public key that it was made with.

        Raises
        ------
        ValueError
            If it was made with another public key, or is malformed.
        """
        private = self._private[told.suite.kem]
        public = private.public_key().public_bytes_raw()
        if key_name(public) != told.key:
            raise ValueError("the encapsulation was made with an earlier public key")
        return private.decapsulate(told.ciphertext), public


def encapsulate(suite: Suite, public: bytes) -> tuple[bytes, Encapsulation]:
    """Make a shared secret for the owner of a public key.

    Raises
    ------
    ValueError
        If the public key is none.
    """
    secret, ciphertext = _PUBLIC[suite.kem].from_public_bytes(public).encapsulate()
    return secret, Encapsulation(suite, key_name(public), ciphertext)


def key_name(public: bytes) -> bytes:
    """What a public key is called."""
    return hashlib.sha256(public).digest()


def combine(
    qkd: bytes, secret: bytes, told: Encapsulation, public: bytes, key_id: str, saes: Sequence[str]
) -> bytes:
    """Combine a QKD key with an ML-KEM secret.

    Parameters
    ----------
    qkd : bytes
        At most `MOST_BYTES`; the result is as long.
    secret : bytes
        The shared secret of ML-KEM.
    told : Encapsulation
    public : bytes
        The public key that it was made with.
    key_id : str
    saes : sequence of str
        The master, then all slaves.
    """
    names = [told.suite.kem, told.suite.combiner, key_id, saes[0], *sorted(saes[1:])]
    context = b"".join(prefixed(name.encode()) for name in names)
    if told.suite.combiner == "cat":
        return cat_kdf([qkd, secret], LABEL, context, public, told.ciphertext, len(qkd))
    stream = cat_kdf([secret], LABEL, context, public, told.ciphertext, len(qkd))
    return bytes(a ^ b for a, b in zip(qkd, stream, strict=True))


def cat_kdf(
    secrets: Sequence[bytes], label: bytes, context: bytes, message_a: bytes, message_b: bytes, length: int
) -> bytes:
    """CatKDF of ETSI TS 103 744, clause 8.2, with HKDF-SHA256.

    Parameters
    ----------
    secrets : sequence of bytes
        Of fixed lengths: the pre-shared (QKD) key first.
    label : bytes
    context : bytes
    message_a, message_b : bytes
        All that was said, each way.
    length : int
        In bytes.
    """
    info = _digest(context, message_a, message_b)
    return HKDF(SHA256(), length, salt=label, info=info).derive(b"".join(secrets))


def cas_kdf(
    chain: bytes, secret: bytes, label: bytes, context: bytes, message_a: bytes, message_b: bytes, length: int
) -> tuple[bytes, bytes]:
    """Take a step of CasKDF of ETSI TS 103 744, clause 8.3, with HMAC and HKDF-SHA256.

    Parameters
    ----------
    chain : bytes
        Of the step before; the pre-shared (QKD) key, or nothing, at first.
    secret : bytes
    label, context, message_a, message_b : bytes
        As in :func:`cat_kdf`, of this step.
    length : int
        Of the key, in bytes.

    Returns
    -------
    chain : bytes
        32 bytes for the next step.
    key : bytes
    """
    step = hmac.digest(chain, _digest(secret, message_a, message_b), "sha256")
    out = HKDF(SHA256(), 32 + length, salt=label, info=context).derive(step)
    return out[:32], out[32:]


def prefixed(part: bytes) -> bytes:
    """A part with its length before it, 32 bits, big end first."""
    return len(part).to_bytes(4, "big") + part


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(map(prefixed, parts))).digest()

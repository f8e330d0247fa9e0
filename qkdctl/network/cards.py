"""A node's public keys for hybrid keys, under its own signature: nodes that pass them on cannot change them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from qkdctl.kme import words as kme_words
from qkdctl.kme.hybrid import prefixed
from qkdctl.network.emulated import read_secret

CONTEXT = b"qkdctl network card"


class Card(msgspec.Struct, frozen=True):
    """The card.

    Attributes
    ----------
    node : str
    kem : dict of str to bytes
        Public key by parameter set.
    signature : bytes
        ML-DSA-65.
    """

    node: str
    kem: dict[str, bytes]
    signature: bytes


class Signer:
    """A node's signing key.

    Parameters
    ----------
    path : Path
        File of 32 bytes, for its owner only.

    Raises
    ------
    RecordingError
        If it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._key = MLDSA65PrivateKey.from_seed_bytes(read_secret(path))

    def sign(self, text: bytes, context: bytes = CONTEXT) -> bytes:
        """Sign a text."""
        return self._key.sign(text, context)

    def card(self, node: str, kem: Mapping[str, bytes]) -> bytes:
        """Give a node's card, packed."""
        return kme_words.encode(Card(node, dict(kem), self.sign(_text(node, kem))))


class Cards:
    """Reads cards, each once.

    Parameters
    ----------
    identities : mapping of str to bytes
        Each node's public key.
    """

    def __init__(self, identities: Mapping[str, bytes]) -> None:
        self._identities = {node: MLDSA65PublicKey.from_public_bytes(key) for node, key in identities.items()}
        self._read: dict[str, tuple[bytes, dict[str, bytes]]] = {}

    def kem_of(self, node: str, packed: bytes) -> dict[str, bytes]:
        """Give the public keys on a node's card; none if it is not its card."""
        known = self._read.get(node)
        if known is None or known[0] != packed:
            known = (packed, self._checked(node, packed))
            self._read[node] = known
        return known[1]

    def _checked(self, node: str, packed: bytes) -> dict[str, bytes]:
        try:
            card = kme_words.decode(packed, type=Card)
            self._identities[node].verify(card.signature, _text(card.node, card.kem), CONTEXT)
        except (ValueError, KeyError, InvalidSignature):
            return {}
        return card.kem if card.node == node else {}


def _text(node: str, kem: Mapping[str, bytes]) -> bytes:
    parts = [node.encode()]
    for name, key in sorted(kem.items()):
        parts += [name.encode(), key]
    return b"".join(map(prefixed, parts))

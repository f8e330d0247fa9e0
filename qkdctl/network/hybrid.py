"""An ML-KEM share as one more path: end to end, so that no node between can take part in it."""

from __future__ import annotations

from collections.abc import Callable

from qkdctl.kme.hybrid import combine
from qkdctl.kme.words import Terms
from qkdctl.network.envelope import xor

Mask = Callable[[bytes], bytes]
"""Hides the keys of a request, or shows them again."""


def plain(keys: bytes) -> bytes:
    """Hide nothing."""
    return keys


def masked(secret: bytes, public: bytes, terms: Terms) -> Mask:
    """Give the mask that both ends make of an ML-KEM secret: one stream for each key, bound to all that was said.

    Parameters
    ----------
    secret : bytes
        The shared secret.
    public : bytes
        The public key that it was made with.
    terms : Terms
        With what was told of the encapsulation.
    """
    told = terms.hybrid
    assert told is not None
    saes = (terms.master, *terms.slaves)
    nothing = bytes(terms.size_bits // 8)
    stream = b"".join(combine(nothing, secret, told, public, key_id, saes) for key_id in terms.key_ids)
    return lambda keys: xor(keys, stream)

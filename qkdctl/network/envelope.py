"""Sealing a share for one hop: a one-time pad, and Wegman-Carter tags for the way there and the answer.

A hop's key is cut from the link's store for one envelope and used once: ``pad | r | s | s'``, as many bytes of
pad as the share has, then 16 each. The envelope's tag is Poly1305 with ``r`` and ``s``, the answer's with ``r``
and ``s'``: the hash key is used twice under fresh masks (keys that are never used again), so that a forger
succeeds with probability at most ``8 ceil(L / 16) / 2^106`` for L bytes, whatever computer she has; see
:func:`postproc.authentication.wegman_carter.forgery_bound`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.poly1305 import Poly1305

from qkdctl.keystore.secret import Secret
from qkdctl.kme.hybrid import prefixed

PART = 16
OVERHEAD = 3 * PART
"""Bytes of link key that an envelope costs beyond its share."""

CONTEXT = b"qkdctl envelope 1"


class EnvelopeRefused(Exception):
    """An envelope or an answer was changed on its way, or is another's."""


class HopKey(NamedTuple):
    """A link key for one envelope, the same at both ends of the link.

    Attributes
    ----------
    id : str
    value : Secret
    label : str
        What the link's key is good for.
    """

    id: str
    value: Secret
    label: str

    @property
    def pad(self) -> bytes:
        """What hides the share."""
        return self.value.reveal()[:-OVERHEAD]

    def tag(self, *text: bytes) -> bytes:
        """Tag an envelope."""
        return self._tag(1, b"there", text)

    def answer_tag(self, *text: bytes) -> bytes:
        """Tag an answer."""
        return self._tag(2, b"back", text)

    def check(self, tag: bytes, *text: bytes) -> None:
        """Raise :class:`EnvelopeRefused` unless the tag is that of an envelope that says this."""
        self._check(1, b"there", text, tag)

    def check_answer(self, tag: bytes, *text: bytes) -> None:
        """Raise :class:`EnvelopeRefused` unless the tag is that of an answer that says this."""
        self._check(2, b"back", text, tag)

    def _authenticator(self, mask: int, way: bytes, text: Sequence[bytes]) -> Poly1305:
        keys = self.value.reveal()[-OVERHEAD:]
        poly = Poly1305(keys[:PART] + keys[mask * PART : (mask + 1) * PART])
        poly.update(b"".join(map(prefixed, (CONTEXT, way, self.id.encode(), *text))))
        return poly

    def _tag(self, mask: int, way: bytes, text: Sequence[bytes]) -> bytes:
        return self._authenticator(mask, way, text).finalize()

    def _check(self, mask: int, way: bytes, text: Sequence[bytes], tag: bytes) -> None:
        try:
            self._authenticator(mask, way, text).verify(tag)
        except InvalidSignature:
            raise EnvelopeRefused(
                f"the tag under link key {self.id} does not fit: a message was changed on its way"
            ) from None


def xor(*parts: bytes) -> bytes:
    """Exclusive-or of parts of one length.

    Raises
    ------
    ValueError
        If their lengths differ.
    """
    if len({len(part) for part in parts}) != 1:
        raise ValueError(f"parts of {sorted({len(part) for part in parts})} bytes, expected one length")
    total = 0
    for part in parts:
        total ^= int.from_bytes(part, "big")
    return total.to_bytes(len(parts[0]), "big")

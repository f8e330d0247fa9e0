"""What a satellite publishes: the exclusive-or of two stations' keys, for anybody to see, under three proofs of origin.

The file bears the satellite's ML-DSA-65 signature, and for each of the two stations a Wegman-Carter tag
(Poly1305) under the first 32 bytes of that station's part, which are used for nothing else. A station takes the
exclusive-or only if signature and its own tag fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.poly1305 import Poly1305

from postproc.files import to_disk
from qkdctl.kme import words as kme_words
from qkdctl.kme.hybrid import prefixed
from qkdctl.network.cards import Signer
from qkdctl.network.envelope import xor

TAG_BYTES = 32
"""Bytes of each station's part that make its tag's key."""

CONTEXT = b"qkdctl publication 1"
SUFFIX = ".xor"
MOST_BYTES = 2**26


Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""What files name and stores count with."""


class PublicationRefused(Exception):
    """A publication is not the satellite's, or not for this station."""


class Publication(msgspec.Struct, frozen=True):
    """The file.

    Attributes
    ----------
    satellite, link : str
    number : int
    stations : tuple of str
    parts : tuple of tuple
        ``(block, start, stop)`` of each station's key.
    value : bytes
        Exclusive-or of both parts behind their first `TAG_BYTES`.
    tags : tuple of bytes
        For each of the stations.
    signature : bytes
    """

    satellite: str
    number: Number
    link: str
    stations: tuple[str, str]
    parts: tuple[tuple[Number, Number, Number], tuple[Number, Number, Number]]
    value: bytes
    tags: tuple[bytes, bytes] = (b"", b"")
    signature: bytes = b""

    def text(self) -> bytes:
        """What is signed and tagged."""
        words = [self.satellite, str(self.number), self.link, *self.stations]
        words += [str(number) for part in self.parts for number in part]
        return b"".join(map(prefixed, (*(word.encode() for word in words), self.value)))

    def check(self, satellite: MLDSA65PublicKey) -> None:
        """Raise :class:`PublicationRefused` unless the satellite has signed it."""
        try:
            satellite.verify(self.signature, self.text(), CONTEXT)
        except (InvalidSignature, ValueError):
            raise self._no_proof() from None

    def key_for(self, station: str, part: bytes, satellite: MLDSA65PublicKey) -> bytes:
        """Give the link's key, Alice's station's bytes, to one of the two stations.

        Parameters
        ----------
        station : str
        part : bytes
            Its own part of the bytes, tag's key included.
        satellite : MLDSA65PublicKey

        Raises
        ------
        PublicationRefused
            If signature or tag do not fit.
        """
        if station not in self.stations:
            raise PublicationRefused(f"publication {self.number} is not for {station}")
        self.check(satellite)
        place = self.stations.index(station)
        try:
            Poly1305.verify_tag(part[:TAG_BYTES], self.text(), self.tags[place])
            own = part[TAG_BYTES:]
            return own if place == 0 else xor(own, self.value)
        except (InvalidSignature, ValueError):
            raise self._no_proof() from None

    def _no_proof(self) -> PublicationRefused:
        return PublicationRefused(
            f"publication {self.number} of {self.satellite} does not bear the proofs of its origin"
        )


def publish(publication: Publication, parts: tuple[bytes, bytes], signer: Signer) -> Publication:
    """Fill in the exclusive-or of both stations' parts, tags and signature."""
    keys = tuple(part[:TAG_BYTES] for part in parts)
    value = xor(parts[0][TAG_BYTES:], parts[1][TAG_BYTES:])
    whole = msgspec.structs.replace(publication, value=value)
    text = whole.text()
    tags = (Poly1305.generate_tag(keys[0], text), Poly1305.generate_tag(keys[1], text))
    return msgspec.structs.replace(whole, tags=tags, signature=signer.sign(text, CONTEXT))


def file_of(directory: Path, number: int) -> Path:
    """Where a publication lies."""
    return directory / f"{number:08d}{SUFFIX}"


def write_publication(directory: Path, publication: Publication) -> Path:
    """Write a draft, onto the disk; it counts once it has the name that :func:`file_of` gives."""
    draft = file_of(directory, publication.number).with_suffix(".draft")
    draft.write_bytes(kme_words.encode(publication))
    to_disk(draft)
    to_disk(directory)
    return draft


def read_publication(path: Path) -> Publication:
    """Read a file.

    Raises
    ------
    PublicationRefused
        If it is no publication.
    """
    try:
        with path.open("rb") as file:
            return kme_words.decode(file.read(MOST_BYTES), type=Publication)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PublicationRefused(f"{path}: is no publication: {error}") from None


def published(directory: Path) -> Iterator[Path]:
    """All publications of a satellite, in order."""
    return iter(sorted(directory.glob(f"*{SUFFIX}")))

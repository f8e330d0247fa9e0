"""What the two KMEs of a link say to each other, over HTTPS with both certificates.

Alice's KME allots. It sends a :class:`Grant` with every key that an application of its own has asked for; to
Bob's :class:`Wish` it answers with an :class:`Allotment`. Before either can be, :class:`Match` and
:class:`Matched` settle which blocks both hold. :class:`StreamNews` tells who has opened a key stream.
"""

from __future__ import annotations

import msgspec

from qkdctl.keystore.extents import Piece
from qkdctl.kme.hybrid import Encapsulation


class Terms(msgspec.Struct, frozen=True):
    """What both ends need to know of a request's keys.

    Attributes
    ----------
    master : str
    slaves : tuple of str
        All of them, at either end.
    size_bits : int
    key_ids : tuple of str
    hybrid : Encapsulation or None
    named : bool
        The names are given: no others will do.
    """

    master: str
    slaves: tuple[str, ...]
    size_bits: int
    key_ids: tuple[str, ...]
    hybrid: Encapsulation | None = None
    named: bool = False


class Grant(msgspec.Struct, frozen=True):
    """Where the keys of a request are cut; one list of pieces for each key.

    Attributes
    ----------
    terms : Terms
    label : str
    made_at : str
        When the oldest of the key was made, ISO 8601.
    pieces : tuple of tuple of Piece
    """

    terms: Terms
    label: str
    made_at: str
    pieces: tuple[tuple[Piece, ...], ...]


class Wish(msgspec.Struct, frozen=True):
    """A request at the end that does not allot.

    Attributes
    ----------
    terms : Terms
    oldest : str
        Key made before this time (ISO 8601) will not do; any will where it is empty.
    missing : str
        A block that this end has no longer, as the last grant showed; empty otherwise.
    """

    terms: Terms
    oldest: str = ""
    missing: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What came of a grant or a wish.

    Attributes
    ----------
    refused : str
        Why nothing came of it; empty if it did.
    grant : Grant or None
        For a wish.
    missing : str
        The block whose bytes are not where the grant says; empty otherwise.
    exists : bool
        There is a key of one of the names already.
    """

    refused: str = ""
    grant: Grant | None = None
    missing: str = ""
    exists: bool = False


class Match(msgspec.Struct, frozen=True):
    """What Alice's KME says again and again.

    Attributes
    ----------
    confirmed : dict of str to int
        Blocks whose keys wait to be opened, and their lengths in bits.
    closed : tuple of str
        Blocks of which nothing will be allotted any more.
    kem : dict of str to bytes
        Its public keys.
    """

    confirmed: dict[str, int]
    closed: tuple[str, ...]
    kem: dict[str, bytes]


class Matched(msgspec.Struct, frozen=True):
    """What Bob's KME answers.

    Attributes
    ----------
    held : tuple of str
        Those of the blocks that it has opened.
    opened : tuple of str
        All blocks of which it holds something.
    confirmed : tuple of str
        Blocks that it holds confirmed, and Alice's KME did not name.
    kem : dict of str to bytes
        Its public keys.
    """

    held: tuple[str, ...]
    opened: tuple[str, ...]
    confirmed: tuple[str, ...]
    kem: dict[str, bytes]


class Held(msgspec.Struct, frozen=True):
    """Which keys are known: a question with their names, and as an answer those that are."""

    key_ids: tuple[str, ...]


class StreamNews(msgspec.Struct, frozen=True):
    """An application has opened its end of a key stream, or closed it.

    Attributes
    ----------
    ksid : bytes
    sae : str
    other : str
        The application at the other end.
    chunk_bytes : int
    lasts_s : float
        How long its end stays open; 0 if it is closed.
    """

    ksid: bytes
    sae: str
    other: str
    chunk_bytes: int
    lasts_s: float


class StreamEcho(msgspec.Struct, frozen=True):
    """What this end knows of a key stream.

    Attributes
    ----------
    in_use : bool
        Its ID is another pair's here.
    chunk_bytes : int
        What both ends go by.
    lasts_s : float
        How long the end here stays open; 0 if it is not.
    """

    in_use: bool = False
    chunk_bytes: int = 0
    lasts_s: float = 0.0


PREFIX = "/qkdctl/v1/"
CONTENT_TYPE = "application/msgpack"
encode = msgspec.msgpack.encode
decode = msgspec.msgpack.decode

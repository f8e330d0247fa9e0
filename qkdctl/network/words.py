"""What nodes of a network say to each other, over HTTPS with both certificates."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from qkdctl.kme.hybrid import Suite
from qkdctl.kme.words import Terms

Mode = Literal["forward", "announce"]
"""How a node passes a share on.

forward: it opens the envelope and seals another. announce: it adds the exclusive-or of its two links' keys, so
that the share itself is never there in clear; whoever sees both keys can still work it out.
"""


class Route(msgspec.Struct, frozen=True):
    """A way through the network.

    Attributes
    ----------
    nodes : tuple of str
        From the node that sends to the one that receives.
    links : tuple of str
        Between each and the next.
    """

    nodes: tuple[str, ...]
    links: tuple[str, ...]

    def after(self, node: str) -> str | None:
        """Name the link by which a node passes on; None at the end.

        Raises
        ------
        ValueError
            If the node is not on the way.
        """
        place = self.nodes.index(node)
        return self.links[place] if place < len(self.links) else None


class Letter(msgspec.Struct, frozen=True):
    """What goes with every share of a relay, in clear and under each hop's tag.

    Attributes
    ----------
    relay : str
        A name for the relay, never used again.
    terms : Terms
        Whose keys they are.
    routes : tuple of Route
        One for each share.
    mode : {"forward", "announce"}
    oldest : str
        Link key made before this time (ISO 8601) will not do; any will where it is empty.
    onward : str
        The domain that the keys go on to from the last node; empty where they stay.
    came_from : str
        The domain that they came from to the first node; empty where they were drawn here.
    min_paths : int
    suite : Suite or None
        What was asked for, for the domain that they go on to.
    made_at : str
        When they were drawn, ISO 8601.
    """

    relay: str
    terms: Terms
    routes: tuple[Route, ...]
    mode: Mode = "forward"
    oldest: str = ""
    onward: str = ""
    came_from: str = ""
    min_paths: int = 1
    suite: Suite | None = None
    made_at: str = ""

    @property
    def length(self) -> int:
        """Bytes of a share: all keys of the request, one after another."""
        return len(self.terms.key_ids) * self.terms.size_bits // 8


class Reserve(msgspec.Struct, frozen=True, tag="reserve"):
    """Asks each node on a route to keep link key for a share."""

    letter: bytes
    share: int


class Envelope(msgspec.Struct, frozen=True, tag="envelope"):
    """A share on its way over one link.

    Attributes
    ----------
    letter : bytes
        A packed :class:`Letter`.
    share : int
        Which of its routes this is.
    key_id : str
        The link key that seals it.
    ciphertexts : tuple of bytes
        Their exclusive-or, and the link key's pad, give the share.
    label : str
        The worst label of all link keys so far.
    tag : bytes
    """

    letter: bytes
    share: int
    key_id: str
    ciphertexts: tuple[bytes, ...]
    label: str
    tag: bytes


class Void(msgspec.Struct, frozen=True, tag="void"):
    """Says that nothing came of a relay: whoever holds something of it drops it.

    Attributes
    ----------
    letter : bytes
    share : int
    key_ids : tuple of str
        Which of its keys; all, where it is empty.
    """

    letter: bytes
    share: int
    key_ids: tuple[str, ...] = ()


Word = Reserve | Envelope | Void


class Answer(msgspec.Struct, frozen=True):
    """What came of a word.

    Attributes
    ----------
    refused : str
        Why nothing came of it; empty if it did.
    link : str
        The link that is at fault, if one is.
    label : str
        The worst label of all link keys on the route; empty but for envelopes.
    kept : bool
        The share was the last one that was missing, and the keys are now where they stay: on the last node's disk,
        or in another domain. False but for envelopes.
    tag : bytes
        Of the receiver of an envelope that arrived.
    """

    refused: str = ""
    link: str = ""
    label: str = ""
    kept: bool = False
    tag: bytes = b""


class Message(msgspec.Struct, frozen=True):
    """What one node says to another in clear, passed on along a route.

    Attributes
    ----------
    route : Route
    subject : str
    words : bytes
        Packed.
    """

    route: Route
    subject: str
    words: bytes


class Reply(msgspec.Struct, frozen=True):
    """What the last node of a message's route answers.

    Attributes
    ----------
    words : bytes
        Packed.
    refused : str
        Why there is no answer; empty if there is one.
    link : str
        The link at which the message or its answer was lost, if it was.
    """

    words: bytes = b""
    refused: str = ""
    link: str = ""


class ChunkWish(msgspec.Struct, frozen=True):
    """Asks the node of a stream's first application to have a chunk made.

    Attributes
    ----------
    stream : UUID
    pair : tuple of str
        The two applications, in the order of their names.
    index : int
    """

    stream: UUID
    pair: tuple[str, str]
    index: int


class ChunkThere(msgspec.Struct, frozen=True):
    """Says that both nodes have a chunk on their disks, unless something is amiss.

    Attributes
    ----------
    apart : bool
        It was not made: one end of the stream is not open.
    lost : bool
        It was lost on its way, and there will be none of its number.
    """

    apart: bool = False
    lost: bool = False

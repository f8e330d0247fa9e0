"""Packing letters, and reading those that others have packed."""

from __future__ import annotations

import msgspec

from qkdctl.keystore.entry import LABELS
from qkdctl.kme import words as kme_words
from qkdctl.kme.refusal import unavailable
from qkdctl.network.words import Letter, Route

MOST_HOPS = 32


def read_letter(packed: bytes, share: int) -> tuple[Letter, Route]:
    """Read a letter and one of its routes.

    Raises
    ------
    Refusal
        If it makes no sense.
    """
    try:
        letter = kme_words.decode(packed, type=Letter)
        route = letter.routes[share] if share >= 0 else None
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError):
        route = None
    if route is None or not _sound(letter, route):
        raise unavailable("the letter cannot be read: expected one with keys, receivers and a sound route")
    return letter, route


def _sound(letter: Letter, route: Route) -> bool:
    terms = letter.terms
    return (
        is_way(route)
        and terms.size_bits > 0
        and terms.size_bits % 8 == 0
        and bool(terms.key_ids and terms.slaves)
    )


def is_way(route: Route) -> bool:
    """Tell whether a route has a link between each of its nodes and the next, and comes by none twice."""
    nodes = route.nodes
    return 2 <= len(nodes) == len(route.links) + 1 <= MOST_HOPS and len(set(nodes)) == len(nodes)


def pack_letter(letter: Letter) -> bytes:
    """Write a letter; every hop's tag is over these bytes."""
    return kme_words.encode(letter)


def worst(*labels: str) -> str:
    """The label that is worth least; one that is unknown is worth nothing."""
    return max(labels, key=lambda label: LABELS.index(label) if label in LABELS else len(LABELS))

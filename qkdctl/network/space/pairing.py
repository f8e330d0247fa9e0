"""Which bytes of two stations' blocks are published together, and when: settled when the network is set up.

A station's block is divided among its links over the satellite in equal parts; a part is paired with the oldest one of
the other station. What is over because the other's part is shorter waits for the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from qkdctl.network.link_specs import BlockSpec
from qkdctl.network.space.publication import TAG_BYTES

SHORTEST_BYTES = 64 + TAG_BYTES
"""Less is not worth a publication."""


class Part(msgspec.Struct, frozen=True):
    """The bytes ``[start, stop)`` of a station's block."""

    block: int
    start: int
    stop: int


class Pairing(msgspec.Struct, frozen=True):
    """A publication to be.

    Attributes
    ----------
    number : int
        Of the satellite's publications, from 0.
    link : str
    stations : tuple of str
        Alice's, whose bytes become the link's key, and Bob's.
    parts : tuple of Part
        Theirs, of one length.
    at_s : float
        Scenario seconds: when the later of both blocks is there.
    """

    number: int
    link: str
    stations: tuple[str, str]
    parts: tuple[Part, Part]
    at_s: float

    @property
    def length_bytes(self) -> int:
        """Of the link's key that comes of it."""
        return self.parts[0].stop - self.parts[0].start - TAG_BYTES


class _Waiting(NamedTuple):
    """A part that waits for one of the other station."""

    part: Part
    ready_s: float


def pairings(
    blocks: Mapping[str, Sequence[BlockSpec]], links: Mapping[str, tuple[str, str]]
) -> tuple[Pairing, ...]:
    """Pair the blocks of all stations of a satellite.

    Parameters
    ----------
    blocks : mapping of str to sequence of BlockSpec
        By station.
    links : mapping of str to tuple
        The two stations of each link.
    """
    found = []
    for link, stations in links.items():
        first, second = (_parts(link, station, blocks, links) for station in stations)
        found += _paired(link, stations, first, second)
    found.sort(key=lambda pairing: (pairing.at_s, pairing.link))
    return tuple(msgspec.structs.replace(pairing, number=number) for number, pairing in enumerate(found))


def _parts(
    link: str,
    station: str,
    blocks: Mapping[str, Sequence[BlockSpec]],
    links: Mapping[str, tuple[str, str]],
) -> deque[_Waiting]:
    """The parts of a station's blocks that are for one of its links."""
    shared = [name for name, both in links.items() if station in both]
    place, found = shared.index(link), deque[_Waiting]()
    for number, block in enumerate(blocks[station]):
        size = block.length_bytes // len(shared)
        found.append(_Waiting(Part(number, place * size, (place + 1) * size), block.ready_s))
    return found


def _paired(
    link: str, stations: tuple[str, str], first: deque[_Waiting], second: deque[_Waiting]
) -> list[Pairing]:
    found = []
    while first and second:
        size = min(one[0].part.stop - one[0].part.start for one in (first, second))
        if size >= SHORTEST_BYTES:
            parts = _cut(first, size), _cut(second, size)
            at_s = max(first[0].ready_s, second[0].ready_s)
            found.append(Pairing(0, link, stations, parts, at_s))
        for queue in (first, second):
            if queue[0].part.stop - queue[0].part.start < SHORTEST_BYTES:
                queue.popleft()
    return found


def _cut(queue: deque[_Waiting], size: int) -> Part:
    """Take bytes off the front of the first part that waits."""
    part, ready_s = queue[0]
    middle = part.start + size
    queue[0] = _Waiting(Part(part.block, middle, part.stop), ready_s)
    return Part(part.block, part.start, middle)

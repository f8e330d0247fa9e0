"""What a node is told of links: those that end at it, and all of its domain."""

from __future__ import annotations

from typing import Literal

import msgspec

from postproc.types import Role

Kind = Literal["modelled", "emulated", "replayed", "stored", "satellite"]


class BlockSpec(msgspec.Struct, frozen=True):
    """A block that a modelled link makes.

    Attributes
    ----------
    ready_s : float
        When, in scenario seconds from the network's beginning.
    length_bytes : int
    """

    ready_s: float
    length_bytes: int


class ModelSpec(msgspec.Struct, frozen=True):
    """When a modelled link makes how much key.

    Attributes
    ----------
    seed : str
        File with 32 bytes that both ends have.
    block_s : float
        A block every so many scenario seconds; 0 for those in `blocks` only.
    block_bytes : int
    gaps : tuple of (float, float)
        Scenario seconds in which there is no light: a block that overlaps one is lost.
    blocks : tuple of BlockSpec
        The blocks of a link that makes them at times of their own.
    most_stored_bytes : int
        No more is made while so much is stored.
    """

    seed: str
    block_s: float = 0.0
    block_bytes: int = 0
    gaps: tuple[tuple[float, float], ...] = ()
    blocks: tuple[BlockSpec, ...] = ()
    most_stored_bytes: int = 2**20


class SessionSpec(msgspec.Struct, frozen=True):
    """What makes the key of a link that is emulated or replayed.

    Attributes
    ----------
    arguments : tuple of str
        Of ``qkdctl``.
    times : int
        How often; 0 for no end.
    """

    arguments: tuple[str, ...]
    times: int = 0


class LinkSpec(msgspec.Struct, frozen=True):
    """A link that ends at the node.

    Attributes
    ----------
    name : str
    kind : str
    party : {"alice", "bob"}
        Which end this is.
    neighbour, peer_kme, peer_url : str
        The node at the other end, its KME, and where that is reached.
    store : str
        Directory of its key stores.
    model : ModelSpec or None
    session : SessionSpec or None
        At Alice's end alone.
    expected : tuple of BlockSpec
        What a link over a satellite is to get.
    """

    name: str
    kind: Kind
    party: Role
    neighbour: str
    peer_kme: str
    peer_url: str
    store: str
    model: ModelSpec | None = None
    session: SessionSpec | None = None
    expected: tuple[BlockSpec, ...] = ()


class DownlinkSpec(msgspec.Struct, frozen=True):
    """What a satellite sends to a ground station.

    Attributes
    ----------
    satellite : str
    seed : str
        File with the secret of the modelled downlink.
    blocks : tuple of BlockSpec
    published : str
        Where the satellite's publications are.
    identity : bytes
        Its ML-DSA-65 public key.
    """

    satellite: str
    seed: str
    blocks: tuple[BlockSpec, ...]
    published: str
    identity: bytes


class LinkCard(msgspec.Struct, frozen=True):
    """What every node of a domain knows of each of its links."""

    name: str
    ends: tuple[str, str]
    kind: Kind
    via: str = ""

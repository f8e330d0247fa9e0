"""What one node is told: one JSON file in its directory, with nothing in it that the node need not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from postproc.files import PRIVATE, write_whole
from qkdctl.errors import ConfigurationError
from qkdctl.keystore.entry import Label
from qkdctl.kme.config import Hybrid
from qkdctl.network.link_specs import DownlinkSpec, LinkCard, LinkSpec
from qkdctl.network.words import Mode

SPEC_FILE = "node.json"
STORE = "node.sqlite"
"""A node's own key store: keys of applications that no link joins directly."""


class NodeCard(msgspec.Struct, frozen=True):
    """What every node of a domain knows of each of its nodes.

    Attributes
    ----------
    name, kme : str
    saes : tuple of str
        The applications that it serves.
    identity : bytes
        Its ML-DSA-65 public key.
    """

    name: str
    kme: str
    saes: tuple[str, ...]
    identity: bytes


class BorderSpec(msgspec.Struct, frozen=True):
    """A way into another domain.

    Attributes
    ----------
    name : str
    domain : str
        The other one.
    node : str
        The node of this domain at which it is.
    saes : tuple of str
        The applications behind it.
    listen, url : str
        Where the other side calls this one; empty at all nodes but that one, and so is what follows.
    peer_kme, peer_url : str
        The KME over there.
    ca, revoked : str
        Who signed its certificate, and the revocation list of that CA.
    """

    name: str
    domain: str
    node: str
    saes: tuple[str, ...]
    listen: str = ""
    url: str = ""
    peer_kme: str = ""
    peer_url: str = ""
    ca: str = ""
    revoked: str = ""


class ProfileSpec(msgspec.Struct, frozen=True):
    """What a domain demands of every key.

    Attributes
    ----------
    min_paths : int
    hybrid : {"off", "allowed", "required"}
    hybrid_is_path : bool
        An ML-KEM share counts as one of the paths.
    min_trust : float
    relay : {"forward", "announce"}
    """

    min_paths: int = 1
    hybrid: Hybrid = "allowed"
    hybrid_is_path: bool = False
    min_trust: float = 0.0
    relay: Mode = "forward"


class CustomerSpec(msgspec.Struct, frozen=True):
    """Whose applications share a quota.

    Attributes
    ----------
    name : str
    saes : tuple of str
    bits_per_day : int
    """

    name: str
    saes: tuple[str, ...]
    bits_per_day: int


class ClockSpec(msgspec.Struct, frozen=True):
    """Scenario time.

    Attributes
    ----------
    starts_at : str
        The scenario's beginning, ISO 8601.
    began_at : float
        When that was, in seconds since 1970.
    speed : float
        Scenario seconds in a second.
    """

    starts_at: str
    began_at: float
    speed: float = 1.0


class NodeSpec(msgspec.Struct, frozen=True):
    """A node.

    Attributes
    ----------
    name, domain, kme : str
    listen, streams : str
        ``HOST:PORT``, for all calls and for key streams; the latter empty where there is no application.
    directory : str
        Its own.
    certificate, private_key, ca, revoked, identity : str
        Files.
    saes : tuple of str
    lab : bool
        Deliver also keys that are labelled ``recorded`` or ``emulated``.
    links : tuple of LinkSpec
        Those that end here.
    downlinks : tuple of DownlinkSpec
        From satellites.
    nodes : tuple of NodeCard
    map : tuple of LinkCard
        Of the whole domain.
    trust : dict of str to float
        Of its nodes and satellites.
    borders : tuple of BorderSpec
    profile : ProfileSpec
    customers : tuple of CustomerSpec
    clock : ClockSpec
    gossip_s : float
        How often neighbours tell each other what they know of links.
    """

    name: str
    domain: str
    kme: str
    listen: str
    directory: str
    certificate: str
    private_key: str
    ca: str
    revoked: str
    identity: str
    saes: tuple[str, ...]
    lab: bool
    links: tuple[LinkSpec, ...]
    downlinks: tuple[DownlinkSpec, ...]
    nodes: tuple[NodeCard, ...]
    map: tuple[LinkCard, ...]
    trust: dict[str, float]
    borders: tuple[BorderSpec, ...]
    profile: ProfileSpec
    customers: tuple[CustomerSpec, ...]
    clock: ClockSpec
    gossip_s: float = 1.0
    streams: str = ""

    @property
    def path(self) -> Path:
        """The node's directory."""
        return Path(self.directory)

    @property
    def labels(self) -> frozenset[Label]:
        """Labels of keys that are delivered here."""
        from qkdctl.kme.matching import deliverable

        return deliverable(lab=self.lab)


def write_spec(spec: NodeSpec) -> None:
    """Write the file, for its owner only."""
    write_whole(spec.path / SPEC_FILE, msgspec.json.format(msgspec.json.encode(spec)), mode=PRIVATE)


def read_spec(directory: Path) -> NodeSpec:
    """Read the file; it may have been written elsewhere, and brought here with its network's directory.

    Raises
    ------
    ConfigurationError
        If it is not one.
    """
    try:
        written = msgspec.json.decode((directory / SPEC_FILE).read_bytes())
        there = Path(msgspec.convert(written, _Written).directory)
        return msgspec.convert(_moved(written, _root(there), _root(directory)), NodeSpec)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{directory / SPEC_FILE}: {error}") from None


class _Written(msgspec.Struct):
    directory: str


def _root(node: Path) -> str:
    """The network's directory, as paths in it begin."""
    return f"{node.absolute().parents[1]}/"


def _moved(value: Any, there: str, here: str) -> Any:
    """Have all paths below one directory lie below another."""
    if there == here:
        return value
    if isinstance(value, str):
        return here + value.removeprefix(there) if value.startswith(there) else value
    if isinstance(value, list):
        return [_moved(one, there, here) for one in value]
    if isinstance(value, dict):
        return {key: _moved(one, there, here) for key, one in value.items()}
    return value

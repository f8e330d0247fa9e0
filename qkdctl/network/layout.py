"""Where the files of a network lie.

::

    DIRECTORY/network.json          the topology's digest, ports, when it began
    DIRECTORY/domains/DOMAIN/       the domain's CA, and certificates of its nodes and applications
    DIRECTORY/nodes/NODE/           what belongs to a node or a satellite, and to nobody else
    DIRECTORY/links/LINK/           each end's key store, and its secret if the link is modelled
    DIRECTORY/published/SATELLITE/  what a satellite publishes
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from postproc.types import Role


@dataclass(frozen=True)
class Layout:
    """The files of a network in a directory."""

    directory: Path

    @property
    def state(self) -> Path:
        """What was chosen when the network was set up."""
        return self.directory / "network.json"

    @property
    def nodes(self) -> Path:
        """The nodes' directories."""
        return self.directory / "nodes"

    def node(self, name: str) -> Path:
        """A node's directory."""
        return self.nodes / name

    def domain(self, name: str) -> Path:
        """A domain's CA."""
        return self.directory / "domains" / name

    def link(self, name: str) -> Path:
        """A link's directory."""
        return self.directory / "links" / name

    def published(self, satellite: str) -> Path:
        """Where a satellite's publications are, for everybody."""
        return self.directory / "published" / satellite

    def seed(self, link: str, party: Role) -> Path:
        """The secret of a modelled link, at one of its ends."""
        return self.link(link) / f"{party}.seed"

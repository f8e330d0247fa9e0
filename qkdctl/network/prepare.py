"""Setting a network up on disk: certificates, secrets, and for each node the file that says what it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qkdctl.errors import RecordingError
from qkdctl.kme.ca import Authority
from qkdctl.network.border_setup import Borders
from qkdctl.network.chosen import Chosen, choose, stream_port
from qkdctl.network.files import ensure_copy, ensure_identity
from qkdctl.network.layout import Layout
from qkdctl.network.link_setup import Links
from qkdctl.network.skies import Skies
from qkdctl.network.space.onboard import write_satellite
from qkdctl.network.spec import ClockSpec, CustomerSpec, NodeCard, NodeSpec, ProfileSpec, write_spec
from qkdctl.network.tables import Domain, Place, Topology

HERE = ("localhost", "127.0.0.1")


def prepare(topology: Topology, directory: Path, base: Path = Path()) -> dict[str, NodeSpec]:
    """Write all files of a network, or see that they are there; give what each node is told.

    Parameters
    ----------
    topology : Topology
    directory : Path
    base : Path
        Recordings are named relative to this.

    Raises
    ------
    ConfigurationError
        If the directory is another network's, or a link makes no key.
    RecordingError
        If a file cannot be written.
    """
    layout = Layout(directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        chosen = choose(topology, layout)
        for place in (
            *map(layout.node, [*topology.nodes, *topology.satellites]),
            *map(layout.link, topology.links),
        ):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _Preparation(topology, layout, chosen, base).write()
    except OSError as error:
        raise RecordingError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None


class _Preparation:
    """One setting up."""

    def __init__(self, topology: Topology, layout: Layout, chosen: Chosen, base: Path) -> None:
        self._topology = topology
        self._layout = layout
        self._chosen = chosen
        self._authorities = {name: Authority(layout.domain(name)) for name in topology.domains}
        self._identities = {name: ensure_identity(layout.node(name) / "identity") for name in topology.nodes}
        self._skies = Skies(topology, layout, self._clock())
        self._links = Links(
            topology, layout, base, self._skies, lambda node: f"https://{self._address(node)}"
        )
        self._borders = Borders(topology, layout, chosen)

    def write(self) -> dict[str, NodeSpec]:
        specs = {name: self._spec(name, place) for name, place in self._topology.nodes.items()}
        for spec in specs.values():
            write_spec(spec)
        for satellite in self._skies.specs():
            write_satellite(satellite)
        return specs

    def _spec(self, name: str, place: Place) -> NodeSpec:
        home, domain = self._layout.node(name), self._topology.domains[place.domain]
        self._certify(name, place)
        return NodeSpec(
            name=name,
            domain=place.domain,
            kme=name,
            listen=self._address(name),
            directory=str(home),
            certificate=str(home / "kme.crt"),
            private_key=str(home / "kme.key"),
            ca=str(home / "ca.crt"),
            revoked=str(self._layout.domain(place.domain) / "ca.crl"),
            identity=str(home / "identity"),
            saes=place.saes,
            lab=self._topology.lab,
            links=self._links.of(name),
            downlinks=self._skies.downlinks_of(name),
            nodes=self._cards(place.domain),
            map=self._links.map_of(place.domain),
            trust=self._trust(place.domain),
            borders=self._borders.of(name),
            profile=_profile(domain),
            customers=self._customers(place),
            clock=self._clock(),
            gossip_s=self._topology.gossip_s,
            streams=f"{place.host}:{self._chosen.ports[stream_port(name)]}" if place.saes else "",
        )

    def _certify(self, name: str, place: Place) -> None:
        """Issue the certificates of a node and its applications; give the node its own, and the CA's."""
        authority, home = self._authorities[place.domain], self._layout.node(name)
        authority.issue("kme", name, sorted({place.host, *(HERE if place.host in HERE else ())}))
        for sae in place.saes:
            authority.issue("sae", sae)
        for source, target in ((f"{name}.crt", "kme.crt"), (f"{name}.key", "kme.key"), ("ca.crt", "ca.crt")):
            ensure_copy(authority.directory / source, home / target)

    def _address(self, node: str) -> str:
        return f"{self._topology.nodes[node].host}:{self._chosen.ports[node]}"

    def _cards(self, domain: str) -> tuple[NodeCard, ...]:
        return tuple(
            NodeCard(name, name, place.saes, self._identities[name])
            for name, place in self._topology.nodes.items()
            if place.domain == domain
        )

    def _trust(self, domain: str) -> dict[str, float]:
        nodes, bodies = self._topology.nodes, self._topology.satellites
        return {name: place.trust for name, place in nodes.items() if place.domain == domain} | {
            name: body.trust for name, body in bodies.items()
        }

    def _customers(self, place: Place) -> tuple[CustomerSpec, ...]:
        return tuple(
            CustomerSpec(customer, table.saes, table.bits_per_day)
            for customer, table in self._topology.customers.items()
            if set(table.saes) & set(place.saes)
        )

    def _clock(self) -> ClockSpec:
        time = self._topology.time
        starts_at = time.starts_at or datetime.fromtimestamp(self._chosen.began_at).astimezone().isoformat()
        return ClockSpec(starts_at, self._chosen.began_at, time.speed)


def _profile(domain: Domain) -> ProfileSpec:
    return ProfileSpec(domain.min_paths, domain.hybrid, domain.hybrid_is_path, domain.min_trust, domain.relay)

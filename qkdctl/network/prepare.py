"""Setting a network up on disk: certificates, secrets, and for each node the file that says what it is."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import msgspec

from postproc.types import Role
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError, RecordingError
from qkdctl.kme.ca import Authority
from qkdctl.network.files import ensure_common_secret, ensure_copy, ensure_identity
from qkdctl.network.layout import Layout
from qkdctl.network.models import modelled
from qkdctl.network.skies import Skies
from qkdctl.network.space.onboard import write_satellite
from qkdctl.network.spec import (
    BorderSpec,
    ClockSpec,
    CustomerSpec,
    LinkCard,
    LinkSpec,
    ModelSpec,
    NodeCard,
    NodeSpec,
    ProfileSpec,
    SessionSpec,
    write_spec,
)
from qkdctl.network.tables import Domain, Link, Place, Topology

HERE = ("localhost", "127.0.0.1")


class Chosen(msgspec.Struct):
    """What was chosen when the network was set up, and stays.

    Attributes
    ----------
    name : str
        The network's.
    began_at : float
        Seconds since 1970.
    ports : dict of str to int
        By node, and by border and node.
    """

    name: str
    began_at: float
    ports: dict[str, int] = {}


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
        chosen = _choose(topology, layout)
        for place in (
            *map(layout.node, [*topology.nodes, *topology.satellites]),
            *map(layout.link, topology.links),
        ):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _Preparation(topology, layout, chosen, base).write()
    except OSError as error:
        raise RecordingError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None


def _choose(topology: Topology, layout: Layout) -> Chosen:
    try:
        chosen = msgspec.json.decode(layout.state.read_bytes(), type=Chosen)
    except FileNotFoundError:
        chosen = Chosen(topology.name, time.time())
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"{layout.state}: {error}") from None
    if chosen.name != topology.name:
        raise ConfigurationError(
            f"{layout.directory}: is the network {chosen.name!r}, expected {topology.name!r}; name another directory"
        )
    wanting = [name for name, place in topology.nodes.items() if not place.port]
    wanting += [
        border_port(name, node) for name, border in topology.borders.items() for node in border.between
    ]
    wanting = [name for name in wanting if name not in chosen.ports]
    chosen.ports |= dict(zip(wanting, _free_ports(len(wanting)), strict=True))
    chosen.ports |= {name: place.port for name, place in topology.nodes.items() if place.port}
    layout.state.write_bytes(msgspec.json.encode(chosen))
    return chosen


def border_port(border: str, node: str) -> str:
    """What the port is called at which one end of a border is reached."""
    return f"{border}/{node}"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class _Preparation:
    """One setting up."""

    def __init__(self, topology: Topology, layout: Layout, chosen: Chosen, base: Path) -> None:
        self._topology = topology
        self._base = base
        self._layout = layout
        self._chosen = chosen
        self._authorities = {name: Authority(layout.domain(name)) for name in topology.domains}
        self._identities = {name: ensure_identity(layout.node(name) / "identity") for name in topology.nodes}
        self._models = self._all_models()
        self._skies = Skies(topology, layout, self._clock())

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
            listen=f"{place.host}:{self._chosen.ports[name]}",
            directory=str(home),
            certificate=str(home / "kme.crt"),
            private_key=str(home / "kme.key"),
            ca=str(home / "ca.crt"),
            revoked=str(self._layout.domain(place.domain) / "ca.crl"),
            identity=str(home / "identity"),
            saes=place.saes,
            lab=self._topology.lab,
            links=tuple(self._links_of(name)),
            downlinks=self._skies.downlinks_of(name),
            nodes=tuple(self._cards(place.domain)),
            map=tuple(self._map(place.domain)),
            trust=self._trust(place.domain),
            borders=tuple(self._borders(name, place.domain)),
            profile=_profile(domain),
            customers=tuple(
                CustomerSpec(customer, table.saes, table.bits_per_day)
                for customer, table in self._topology.customers.items()
                if set(table.saes) & set(place.saes)
            ),
            clock=self._clock(),
            gossip_s=self._topology.gossip_s,
        )

    def _certify(self, name: str, place: Place) -> None:
        """Issue the certificates of a node and its applications; give the node its own, and the CA's."""
        authority, home = self._authorities[place.domain], self._layout.node(name)
        authority.issue("kme", name, sorted({place.host, *(HERE if place.host in HERE else ())}))
        for sae in place.saes:
            authority.issue("sae", sae)
        for source, target in ((f"{name}.crt", "kme.crt"), (f"{name}.key", "kme.key"), ("ca.crt", "ca.crt")):
            ensure_copy(authority.directory / source, home / target)

    def _url(self, node: str) -> str:
        return f"https://{self._topology.nodes[node].host}:{self._chosen.ports[node]}"

    def _links_of(self, node: str) -> list[LinkSpec]:
        found = []
        for name, link in self._topology.links.items():
            if node in link.between:
                party: Role = "alice" if link.between[0] == node else "bob"
                other = link.between[1] if party == "alice" else link.between[0]
                model = self._models.get((name, party))
                store = str(self._layout.link(name))
                found.append(
                    LinkSpec(
                        name=name,
                        kind=link.kind,
                        party=party,
                        neighbour=other,
                        peer_kme=other,
                        peer_url=self._url(other),
                        store=store,
                        model=model,
                        session=self._session(name, link) if party == "alice" else None,
                        expected=self._skies.plan_of(name),
                    )
                )
        return found

    def _session(self, name: str, link: Link) -> SessionSpec | None:
        """What makes the key of a link that is emulated or replayed."""
        store = ("--store", str(self._layout.link(name)))
        if link.emulated:
            made = link.emulated
            scenario = str(self._scenario(made.scenario))
            return SessionSpec(("run", scenario, "--duration", str(made.duration_s), *store), made.sessions)
        if link.replayed:
            replay = link.replayed
            recordings = [str((self._base / name).resolve()) for name in (replay.alice, replay.bob)]
            scenario = str(self._scenario(replay.scenario))
            return SessionSpec(
                ("process", scenario, "--alice", recordings[0], "--bob", recordings[1], *store), 1
            )
        return None

    def _scenario(self, name: str) -> Path:
        beside = self._base / name
        return (beside if beside.is_file() else scenario_path(name)).resolve()

    def _all_models(self) -> dict[tuple[str, Role], ModelSpec]:
        models: dict[tuple[str, Role], ModelSpec] = {}
        for name, link in self._topology.links.items():
            if link.modelled:
                seeds = _seeds(self._layout, name)
                model = modelled(name, link.modelled, seeds["alice"])
                for party, seed in seeds.items():
                    models[name, party] = msgspec.structs.replace(model, seed=str(seed))
        return models

    def _cards(self, domain: str) -> list[NodeCard]:
        return [
            NodeCard(name, name, place.saes, self._identities[name])
            for name, place in self._topology.nodes.items()
            if place.domain == domain
        ]

    def _trust(self, domain: str) -> dict[str, float]:
        nodes, bodies = self._topology.nodes, self._topology.satellites
        return {name: place.trust for name, place in nodes.items() if place.domain == domain} | {
            name: body.trust for name, body in bodies.items()
        }

    def _map(self, domain: str) -> list[LinkCard]:
        return [
            LinkCard(name, link.between, link.kind, link.satellite.satellite if link.satellite else "")
            for name, link in self._topology.links.items()
            if self._topology.nodes[link.between[0]].domain == domain
        ]

    def _borders(self, node: str, domain: str) -> list[BorderSpec]:
        """The borders of a domain, as one of its nodes knows them: what is beyond is known by its applications."""
        found = []
        for name, border in self._topology.borders.items():
            for here, there in (border.between, border.between[::-1]):
                if self._topology.nodes[here].domain == domain:
                    spec = BorderSpec(
                        name, self._topology.nodes[there].domain, here, self._saes_beyond(there)
                    )
                    found.append(self._at_border(spec, there) if here == node else spec)
        return found

    def _saes_beyond(self, there: str) -> tuple[str, ...]:
        beyond = self._topology.nodes[there].domain
        return tuple(
            sae for place in self._topology.nodes.values() if place.domain == beyond for sae in place.saes
        )

    def _at_border(self, spec: BorderSpec, there: str) -> BorderSpec:
        """What the node at a border has to know beside."""
        home, beyond = self._layout.node(spec.node), self._layout.domain(spec.domain)
        ca = home / f"{spec.name}.ca.crt"
        ensure_copy(beyond / "ca.crt", ca)
        address, there_address = (
            self._border_address(spec.name, spec.node),
            self._border_address(spec.name, there),
        )
        return msgspec.structs.replace(
            spec,
            listen=address,
            url=f"https://{address}",
            peer_kme=there,
            peer_url=f"https://{there_address}",
            ca=str(ca),
            revoked=str(beyond / "ca.crl"),
        )

    def _border_address(self, border: str, node: str) -> str:
        return f"{self._topology.nodes[node].host}:{self._chosen.ports[border_port(border, node)]}"

    def _clock(self) -> ClockSpec:
        time_ = self._topology.time
        starts_at = time_.starts_at or datetime.fromtimestamp(self._chosen.began_at).astimezone().isoformat()
        return ClockSpec(starts_at, self._chosen.began_at, time_.speed)


def _profile(domain: Domain) -> ProfileSpec:
    return ProfileSpec(domain.min_paths, domain.hybrid, domain.hybrid_is_path, domain.min_trust, domain.relay)


def _seeds(layout: Layout, link: str) -> dict[Role, Path]:
    """Make the common secret of a modelled link, unless there is one."""
    paths: dict[Role, Path] = {"alice": layout.seed(link, "alice"), "bob": layout.seed(link, "bob")}
    ensure_common_secret(paths.values())
    return paths

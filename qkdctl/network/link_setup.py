"""Setting links up: what the node at each end is told of its own, and every node of all of its domain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from postproc.types import Role
from qkdctl.config.packaged import scenario_path
from qkdctl.network.files import ensure_common_secret
from qkdctl.network.layout import Layout
from qkdctl.network.link_specs import LinkCard, LinkSpec, ModelSpec, SessionSpec
from qkdctl.network.models import modelled
from qkdctl.network.skies import Skies
from qkdctl.network.tables import Emulated, Link, Replayed, Topology


class Links:
    """All links of a topology.

    Parameters
    ----------
    topology : Topology
    layout : Layout
    base : Path
        Recordings and scenarios are named relative to this.
    skies : Skies
    url : callable
        Gives the address of a node.

    Raises
    ------
    ConfigurationError
        If one makes no key.
    """

    def __init__(
        self, topology: Topology, layout: Layout, base: Path, skies: Skies, url: Callable[[str], str]
    ) -> None:
        self._topology = topology
        self._layout = layout
        self._base = base
        self._skies = skies
        self._url = url
        self._models = self._all_models()

    def of(self, node: str) -> tuple[LinkSpec, ...]:
        """Give what a node is told of the links that end at it."""
        links = self._topology.links.items()
        return tuple(self._spec(node, name, link) for name, link in links if node in link.between)

    def map_of(self, domain: str) -> tuple[LinkCard, ...]:
        """Give what every node of a domain knows of its links."""
        return tuple(
            LinkCard(name, link.between, link.kind, link.satellite.satellite if link.satellite else "")
            for name, link in self._topology.links.items()
            if self._topology.nodes[link.between[0]].domain == domain
        )

    def _spec(self, node: str, name: str, link: Link) -> LinkSpec:
        party: Role = "alice" if link.between[0] == node else "bob"
        other = link.between[1] if party == "alice" else link.between[0]
        return LinkSpec(
            name=name,
            kind=link.kind,
            party=party,
            neighbour=other,
            peer_kme=other,
            peer_url=self._url(other),
            store=str(self._layout.link(name)),
            model=self._models.get((name, party)),
            session=self._session(name, link) if party == "alice" else None,
            expected=self._skies.plan_of(name),
        )

    def _session(self, name: str, link: Link) -> SessionSpec | None:
        """What makes the key of a link that is emulated or replayed."""
        store = ("--store", str(self._layout.link(name)))
        if link.emulated:
            return self._emulated(link.emulated, store)
        if link.replayed:
            return self._replayed(link.replayed, store)
        return None

    def _emulated(self, made: Emulated, store: tuple[str, ...]) -> SessionSpec:
        duration = ("--duration", str(made.duration_s))
        return SessionSpec(("run", self._scenario(made.scenario), *duration, *store), made.sessions)

    def _replayed(self, replay: Replayed, store: tuple[str, ...]) -> SessionSpec:
        alice, bob = (str((self._base / name).resolve()) for name in (replay.alice, replay.bob))
        recordings = ("--alice", alice, "--bob", bob)
        return SessionSpec(("process", self._scenario(replay.scenario), *recordings, *store), 1)

    def _scenario(self, name: str) -> str:
        beside = self._base / name
        return str((beside if beside.is_file() else scenario_path(name)).resolve())

    def _all_models(self) -> dict[tuple[str, Role], ModelSpec]:
        models: dict[tuple[str, Role], ModelSpec] = {}
        for name, link in self._topology.links.items():
            if link.modelled:
                seeds = self._seeds(name)
                model = modelled(name, link.modelled, seeds["alice"])
                for party, seed in seeds.items():
                    models[name, party] = msgspec.structs.replace(model, seed=str(seed))
        return models

    def _seeds(self, link: str) -> dict[Role, Path]:
        """Make the common secret of a modelled link, unless there is one."""
        layout = self._layout
        paths: dict[Role, Path] = {"alice": layout.seed(link, "alice"), "bob": layout.seed(link, "bob")}
        ensure_common_secret(paths.values())
        return paths

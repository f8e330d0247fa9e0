"""Setting borders up: what each node of a domain is told of the ways into others."""

from __future__ import annotations

import msgspec

from qkdctl.network.chosen import Chosen, border_port
from qkdctl.network.files import ensure_copy
from qkdctl.network.layout import Layout
from qkdctl.network.spec import BorderSpec
from qkdctl.network.tables import Topology


class Borders:
    """All borders of a topology.

    Parameters
    ----------
    topology : Topology
    layout : Layout
    chosen : Chosen
    """

    def __init__(self, topology: Topology, layout: Layout, chosen: Chosen) -> None:
        self._topology = topology
        self._layout = layout
        self._chosen = chosen

    def of(self, node: str) -> tuple[BorderSpec, ...]:
        """Give the borders of a node's domain, as it knows them: what is beyond is known by its applications."""
        domain = self._topology.nodes[node].domain
        found = []
        for name, border in self._topology.borders.items():
            for here, there in (border.between, border.between[::-1]):
                if self._topology.nodes[here].domain == domain:
                    beyond = self._topology.nodes[there].domain
                    spec = BorderSpec(name, beyond, here, self._saes_of(beyond))
                    found.append(self._at_border(spec, there) if here == node else spec)
        return tuple(found)

    def _saes_of(self, domain: str) -> tuple[str, ...]:
        nodes = self._topology.nodes.values()
        return tuple(sae for place in nodes if place.domain == domain for sae in place.saes)

    def _at_border(self, spec: BorderSpec, there: str) -> BorderSpec:
        """What the node at a border has to know beside."""
        beyond = self._layout.domain(spec.domain)
        ca = self._layout.node(spec.node) / f"{spec.name}.ca.crt"
        ensure_copy(beyond / "ca.crt", ca)
        address = self._address(spec.name, spec.node)
        return msgspec.structs.replace(
            spec,
            listen=address,
            url=f"https://{address}",
            peer_kme=there,
            peer_url=f"https://{self._address(spec.name, there)}",
            ca=str(ca),
            revoked=str(beyond / "ca.crl"),
        )

    def _address(self, border: str, node: str) -> str:
        return f"{self._topology.nodes[node].host}:{self._chosen.ports[border_port(border, node)]}"

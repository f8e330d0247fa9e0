"""Setting satellites up: what each brings to whom and when, and what stations are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from qkdctl.network.files import ensure_common_secret, ensure_identity
from qkdctl.network.layout import Layout
from qkdctl.network.link_specs import BlockSpec, DownlinkSpec
from qkdctl.network.space.downlink import downlink_blocks
from qkdctl.network.space.onboard import SatelliteSpec
from qkdctl.network.space.pairing import pairings
from qkdctl.network.spec import ClockSpec
from qkdctl.network.tables import Topology


class Skies:
    """All satellites of a topology.

    Parameters
    ----------
    topology : Topology
    layout : Layout
    clock : ClockSpec

    Raises
    ------
    ConfigurationError
        If an orbit makes no sense.
    """

    def __init__(self, topology: Topology, layout: Layout, clock: ClockSpec) -> None:
        self._topology = topology
        self._layout = layout
        self._clock = clock
        self._links = {name: _links_over(topology, name) for name in topology.satellites}
        self._stations = {
            name: sorted({station for both in links.values() for station in both})
            for name, links in self._links.items()
        }
        self._identities = {
            name: ensure_identity(layout.node(name) / "identity") for name in topology.satellites
        }
        self._blocks = {name: self._blocks_of(name) for name in topology.satellites}
        self._pairings = {
            name: pairings(self._blocks[name], self._links[name]) for name in topology.satellites
        }

    def specs(self) -> Iterator[SatelliteSpec]:
        """Give what each satellite is told."""
        for name in self._topology.satellites:
            yield SatelliteSpec(
                name=name,
                directory=str(self._layout.node(name)),
                published=str(self._layout.published(name)),
                identity=str(self._layout.node(name) / "identity"),
                seeds={station: str(self._seeds(name, station)[0]) for station in self._stations[name]},
                blocks=self._blocks[name],
                pairings=self._pairings[name],
                clock=self._clock,
            )

    def downlinks_of(self, station: str) -> tuple[DownlinkSpec, ...]:
        """Give what a station is told of the satellites that it receives."""
        return tuple(
            DownlinkSpec(
                satellite=name,
                seed=str(self._seeds(name, station)[1]),
                blocks=self._blocks[name][station],
                published=str(self._layout.published(name)),
                identity=self._identities[name],
            )
            for name, stations in self._stations.items()
            if station in stations
        )

    def plan_of(self, link: str) -> tuple[BlockSpec, ...]:
        """Give the key that a link over a satellite is to get."""
        return tuple(
            BlockSpec(pairing.at_s, pairing.length_bytes)
            for found in self._pairings.values()
            for pairing in found
            if pairing.link == link
        )

    def _blocks_of(self, satellite: str) -> dict[str, tuple[BlockSpec, ...]]:
        start = datetime.fromisoformat(self._clock.starts_at)
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        body = self._topology.satellites[satellite]
        blocks = {}
        for station in self._stations[satellite]:
            ensure_common_secret(self._seeds(satellite, station))
            blocks[station] = downlink_blocks(satellite, body, self._topology.nodes[station], start)
        return blocks

    def _seeds(self, satellite: str, station: str) -> tuple[Path, Path]:
        """Where both ends of a downlink have their common secret."""
        return (
            self._layout.node(satellite) / f"{station}.seed",
            self._layout.node(station) / f"{satellite}.seed",
        )


def _links_over(topology: Topology, satellite: str) -> dict[str, tuple[str, str]]:
    return {
        name: link.between
        for name, link in topology.links.items()
        if link.satellite and link.satellite.satellite == satellite
    }

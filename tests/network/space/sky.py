"""A satellite over two stations, each in a directory of the test."""

from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace

from qkdctl.keystore.store import KeyStore
from qkdctl.kme.writer import Writer
from qkdctl.network.files import ensure_common_secret, ensure_identity
from qkdctl.network.link_specs import BlockSpec, DownlinkSpec
from qkdctl.network.space import onboard
from qkdctl.network.space.blocks import opened
from qkdctl.network.space.onboard import OnBoard, SatelliteSpec
from qkdctl.network.space.pairing import pairings
from qkdctl.network.space.station import GroundStation
from qkdctl.network.spec import ClockSpec

BLOCKS = {"a": (BlockSpec(10.0, 400),), "b": (BlockSpec(20.0, 200),)}


class Sky:
    """The satellite; half of what it brings to station a is not published."""

    def __init__(self, directory):
        self.published = directory / "published"
        self.published.mkdir()
        self.directory = directory
        self.identity = ensure_identity(directory / "identity")
        for station in BLOCKS:
            ensure_common_secret([directory / f"{station}.seed"])
        self.spec = SatelliteSpec(
            name="sat",
            directory=str(directory),
            published=str(self.published),
            identity=str(directory / "identity"),
            seeds={station: str(directory / f"{station}.seed") for station in BLOCKS},
            blocks=BLOCKS,
            pairings=pairings(BLOCKS, {"ab": ("a", "b")}),
            clock=ClockSpec("", 0.0),
        )

    @asynccontextmanager
    async def board(self, clock):
        async with opened(self.directory / onboard.STORE) as writer:
            yield OnBoard(self.spec, writer, clock)

    @asynccontextmanager
    async def station(self, name):
        """A station, the store of its downlink, and that of its link."""
        spec = DownlinkSpec("sat", self.spec.seeds[name], BLOCKS[name], str(self.published), self.identity)
        async with (
            opened(self.directory / f"{name}-downlink.sqlite") as downlink,
            Writer(partial(KeyStore, self.directory / f"{name}-link.sqlite", "node")) as link,
        ):
            ends = {"ab": SimpleNamespace(up=True, writer=link)}
            yield GroundStation(name, spec, downlink, ends, lambda: 30.0), downlink, link

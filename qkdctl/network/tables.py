"""The tables of ``TOPOLOGY.toml``: nodes, links, domains, satellites, and what they are to do for whom."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass
from pydantic.types import StringConstraints

from drivers.emulation.bench.free_space import FreeSpace
from qkdctl.kme.config import Hybrid
from qkdctl.network.link_specs import Kind
from qkdctl.network.words import Mode

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
Pair = tuple[Name, Name]
Span = tuple[Annotated[float, Ge(0)], Annotated[float, Ge(0)]]


@dataclass(frozen=True, config=_STRICT)
class Domain:
    """A domain: a CA of its own, and what it demands of every key.

    Attributes
    ----------
    relay : {"forward", "announce"}
    min_paths : int
        Over so many paths with no node in common.
    hybrid : {"off", "allowed", "required"}
        With an ML-KEM share.
    hybrid_is_path : bool
        Such a share may take the place of one of the paths.
    min_trust : float
        Of every node that a key passes.
    """

    relay: Mode = "forward"
    min_paths: Annotated[int, Ge(1), Le(8)] = 1
    hybrid: Hybrid = "allowed"
    hybrid_is_path: bool = False
    min_trust: Annotated[float, Ge(0), Le(1)] = 0.0


@dataclass(frozen=True, config=_STRICT)
class Place:
    """A node.

    Attributes
    ----------
    domain : str
    saes : tuple of str
        The applications that it serves.
    trust : float
        From 0 to 1.
    host : str
        Where it runs; ``localhost`` is whoever sets the network up.
    port : int
        0 for one that is free.
    latitude_deg, longitude_deg, altitude_m : float
        Of a ground station.
    """

    domain: Name
    saes: tuple[Name, ...] = ()
    trust: Annotated[float, Gt(0), Le(1)] = 1.0
    host: str = "localhost"
    port: Annotated[int, Ge(0), Le(65535)] = 0
    latitude_deg: Annotated[float, Ge(-90), Le(90)] | None = None
    longitude_deg: Annotated[float, Ge(-180), Le(180)] | None = None
    altitude_m: Annotated[float, Ge(-500), Le(10_000)] = 0.0


@dataclass(frozen=True, config=_STRICT)
class Modelled:
    """A decoy-state link of which only the key is there, as much and when the finite-key model says.

    Attributes
    ----------
    scenario : str
        The link's settings: a session's scenario with an emulated bench.
    channel_loss_db : float or None
        Instead of the scenario's.
    slots_per_block : int or None
        Instead of the scenario's.
    gaps_s : tuple of (float, float)
        Scenario seconds from the beginning in which there is no light.
    most_stored_bytes : int
        No more is made while so much is stored.
    """

    scenario: str = "demo"
    channel_loss_db: Annotated[float, Ge(0), Le(60)] | None = None
    slots_per_block: Annotated[int, Ge(1000)] | None = None
    gaps_s: tuple[Span, ...] = ()
    most_stored_bytes: Annotated[int, Ge(1024)] = 2**20


@dataclass(frozen=True, config=_STRICT)
class Emulated:
    """A whole session on the emulated bench, again and again: both nodes have to be on this host.

    Attributes
    ----------
    scenario : str
    duration_s : float
        Of each session.
    sessions : int
        How many follow each other; 0 for no end.
    """

    scenario: str = "demo"
    duration_s: Annotated[float, Gt(0)] = 6.3
    sessions: Annotated[int, Ge(0)] = 0


@dataclass(frozen=True, config=_STRICT)
class Replayed:
    """Recorded tags, processed once: both nodes have to be on this host.

    Attributes
    ----------
    scenario : str
    alice, bob : str
        Recordings, relative to the topology's file.
    """

    scenario: str
    alice: str
    bob: str


@dataclass(frozen=True, config=_STRICT)
class FromOrbit:
    """Key that a satellite brought to both stations.

    Attributes
    ----------
    satellite : str
    """

    satellite: Name


@dataclass(frozen=True, config=_STRICT)
class Link:
    """A link: exactly one of its kinds.

    Attributes
    ----------
    between : tuple of str
        Alice's node and Bob's.
    modelled, emulated, replayed, satellite : optional
    stored : bool
        Something else fills its key stores, such as ``qkdctl node`` on two machines.
    """

    between: Pair
    modelled: Modelled | None = None
    emulated: Emulated | None = None
    replayed: Replayed | None = None
    satellite: FromOrbit | None = None
    stored: bool = False

    @property
    def kind(self) -> Kind:
        """Which kind it is."""
        return self.kinds[0]

    @property
    def kinds(self) -> list[Kind]:
        """All that it says it is."""
        kinds: tuple[Kind, ...] = ("modelled", "emulated", "replayed", "satellite", "stored")
        return [kind for kind in kinds if getattr(self, kind)]


@dataclass(frozen=True, config=_STRICT)
class Border:
    """Two nodes of two domains, at one place, that hand keys over (ETSI GS QKD 020)."""

    between: Pair


@dataclass(frozen=True, config=_STRICT)
class Customer:
    """Whose applications share a quota at each node."""

    saes: Annotated[tuple[Name, ...], MinLen(1)]
    bits_per_day: Annotated[int, Ge(1)]


@dataclass(frozen=True, config=_STRICT)
class Satellite:
    """A satellite that sends light to ground stations.

    Attributes
    ----------
    tle : tuple of str
        Its orbit: the two lines of a two-line element set.
    scenario : str
        Settings of the light, as of a link.
    trust : float
    optics : FreeSpace
    passes_per_block : int
        So many passes of a station make one block: their number is fixed beforehand, as the proof demands.
    min_elevation_deg : float
        Lower it is not followed.
    night_only : bool
        Stations receive while the sun is at least 6 degrees below their horizon.
    days : float
        How far ahead passes are worked out when the network is set up.
    """

    tle: tuple[str, str]
    scenario: str = "demo"
    trust: Annotated[float, Gt(0), Le(1)] = 1.0
    optics: FreeSpace = field(default_factory=FreeSpace)
    passes_per_block: Annotated[int, Ge(1), Le(1000)] = 1
    min_elevation_deg: Annotated[float, Ge(5), Le(90)] = 20.0
    night_only: bool = True
    days: Annotated[float, Gt(0), Le(60)] = 7.0


@dataclass(frozen=True, config=_STRICT)
class ScenarioTime:
    """When the scenario begins, and how fast its time runs: key comes as much faster.

    Attributes
    ----------
    starts_at : str or None
        ISO 8601; now, unless it is given.
    speed : float
        Scenario seconds in a second.
    """

    starts_at: str | None = None
    speed: Annotated[float, Gt(0), Le(1e6)] = 1.0


@dataclass(frozen=True, config=_STRICT)
class Topology:
    """A network.

    Attributes
    ----------
    name : str
    domains, nodes, links : dict
        By name.
    borders, satellites, customers : dict
    lab : bool
        Deliver also keys that are labelled ``recorded`` or ``emulated``: all that is made here.
    gossip_s : float
        How often neighbours tell each other of the links they know.
    time : ScenarioTime
    """

    name: Name
    domains: dict[Name, Domain]
    nodes: dict[Name, Place]
    links: dict[Name, Link]
    borders: dict[Name, Border] = field(default_factory=dict)
    satellites: dict[Name, Satellite] = field(default_factory=dict)
    customers: dict[Name, Customer] = field(default_factory=dict)
    lab: bool = False
    gossip_s: Annotated[float, Ge(0.1), Le(60)] = 1.0
    time: ScenarioTime = field(default_factory=ScenarioTime)

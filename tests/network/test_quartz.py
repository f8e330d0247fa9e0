"""QUARTZ: any pair of ground stations gets keys by what the satellite publishes, and nobody else does."""

import pytest

from qkdctl.kme.client import KmeRefused
from qkdctl.network.space.publication import published, read_publication
from tests.network.lab import HandClock, Network, packaged

HOURS = 3600.0


@pytest.fixture(scope="module")
def quartz(tmp_path_factory):
    with Network(packaged("quartz"), tmp_path_factory.mktemp("quartz"), HandClock()) as network:
        yield network


PAIRS = [("SAE_BETZDORF", "SAE_GRAZ"), ("SAE_GRAZ", "SAE_TENERIFE"), ("SAE_TENERIFE", "SAE_BETZDORF")]


def test_any_pair_gets_a_key_after_its_passes(quartz):
    with quartz.client("SAE_BETZDORF") as kme, pytest.raises(KmeRefused) as refused:
        kme.get_keys("SAE_GRAZ")
    assert refused.value.status == 503
    quartz.clock.now = 45 * HOURS
    for master, slave in PAIRS:
        (key,) = quartz.share(master, slave, mandatory={"qkdctl_route_type": "relayed"})
        assert key.extension["qkdctl_link_types"] == [["satellite"]]
        (path,) = key.extension["qkdctl_paths"]
        assert path[1] == "quartz-1"


def test_a_satellite_is_one_node_whatever_way_it_is_used(quartz):
    """Both ways from one station to another go by the same satellite: they are not disjoint."""
    quartz.clock.now = max(quartz.clock.now, 45 * HOURS)
    quartz.share(*PAIRS[0])
    with quartz.client("SAE_BETZDORF") as kme, pytest.raises(KmeRefused) as refused:
        kme.get_keys("SAE_GRAZ", mandatory={"qkdctl_min_paths": 2})
    assert refused.value.status == 400


def test_publications_are_for_everybody_and_say_nothing_of_keys(quartz):
    quartz.clock.now = max(quartz.clock.now, 45 * HOURS)
    quartz.share(*PAIRS[1])
    files = list(published(quartz.layout.published("quartz-1")))
    assert files
    numbers = [read_publication(path).number for path in files]
    assert numbers == list(range(len(files)))

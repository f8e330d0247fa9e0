"""LuxQCI: a metropolitan ring that is cut, and an application that is revoked."""

import pytest

from qkdctl.kme.ca import Authority
from qkdctl.kme.client import KmeRefused
from qkdctl.network import linkstate
from tests.network.lab import Network, packaged


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    with Network(packaged("luxqci", speed=30), tmp_path_factory.mktemp("luxqci")) as network:
        yield network


def test_a_cut_ring_delivers_the_other_way_before_anybody_counts_as_gone(ring, monkeypatch):
    monkeypatch.setattr(linkstate, "STALE_S", 1e9)
    (key,) = ring.share("BANK_HQ", "UNIVERSITY")
    (way,) = key.extension["qkdctl_paths"]
    between = f"{way[0]}-{way[1]}"
    link = between if between in ring.topology.links else f"{way[1]}-{way[0]}"
    ring.cut(link)
    (key,) = ring.share("BANK_HQ", "UNIVERSITY")
    (other,) = key.extension["qkdctl_paths"]
    assert set(way[1:-1]).isdisjoint(other[1:-1])
    ring.heal(link)


def test_the_gateway_is_behind_one_link(ring):
    (key,) = ring.share("BANK_DATACENTRE", "GATEWAY")
    assert key.extension["qkdctl_paths"][0][-2:] == ["kirchberg", "betzdorf"]
    with ring.client("GATEWAY") as kme, pytest.raises(KmeRefused) as refused:
        kme.get_keys("BANK_HQ", mandatory={"qkdctl_min_paths": 2})
    assert refused.value.status == 400


def test_a_revoked_application_is_refused_soon(ring):
    ring.share("DATA_HUB", "BANK_HQ")
    with ring.client("DATA_HUB") as kme:
        kme.status("BANK_HQ")
        Authority(ring.layout.domain("luxqci")).revoke("DATA_HUB")
        refused = []

        def gone():
            try:
                kme.get_keys("BANK_HQ")
            except KmeRefused as error:
                refused.append(error)
            return bool(refused)

        # The connection is open and was good a moment ago.
        ring.until(gone)
    assert (refused[0].status, refused[0].message) == (401, "the certificate was revoked")
    ring.share("UNIVERSITY", "BANK_HQ")

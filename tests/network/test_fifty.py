"""Fifty nodes under load while nodes are killed and links are cut: nothing wrong, twice, lost, or against policy."""

import json
import os

import pytest

from tests.network.fifty import campaign, topology


def test_the_network_of_the_campaign_is_the_same_every_time():
    assert topology(1) == topology(1)
    assert topology(1) != topology(2)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_fifty_nodes_and_a_thousand_requests_a_minute(tmp_path):
    """``QKDCTL_MINUTES`` and ``QKDCTL_SEED`` choose another length and another run."""
    minutes, seed = float(os.environ.get("QKDCTL_MINUTES", "10")), int(os.environ.get("QKDCTL_SEED", "1"))
    figures = campaign(tmp_path / "fifty", seed, minutes)
    print(json.dumps(figures, indent=2))
    assert figures["wrong"] == []
    assert figures["served"] > 0.95 * figures["requests"]
    assert figures["shared"] + figures.get("answer lost", 0) == figures["served"]
    assert figures["nodes broken"] > 0
    assert figures["links broken"] > 0

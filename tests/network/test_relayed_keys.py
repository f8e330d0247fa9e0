"""Keys for applications at nodes that no link joins, over ETSI 014, on modelled links."""

from datetime import UTC, datetime, timedelta

import pytest

from qkdctl.kme.client import KmeRefused
from tests.network.lab import Network

LINE = """
name = "line"
lab = true
gossip_s = 0.3
time.speed = 30

[domains.lab]

[nodes]
a = { domain = "lab", saes = ["SAE_A"] }
b = { domain = "lab" }
c = { domain = "lab" }
d = { domain = "lab", saes = ["SAE_D", "SAE_D2"] }

[links]
ab = { between = ["a", "b"], modelled = {} }
bc = { between = ["c", "b"], modelled = {} }
cd = { between = ["c", "d"], modelled = { channel_loss_db = 12.0 } }
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    with Network(LINE, tmp_path_factory.mktemp("line")) as network:
        yield network


def test_a_link_that_has_turned_is_known_at_once_and_not_a_round_of_gossip_a_hop_later(tmp_path):
    """Three hops are three rounds: two minutes and more."""
    text = LINE.replace("gossip_s = 0.3", "gossip_s = 60")
    with Network(text, tmp_path / "slow") as network:
        network.wait_for_key("SAE_A", "SAE_D", within_s=100)
        network.cut("cd")
        network.until(lambda: _usable(network, "a") == {"ab", "bc"}, 50)
        network.heal("cd")
        network.wait_for_key("SAE_A", "SAE_D", within_s=100)


def _usable(network, node):
    states = network.nodes[node].states
    views = {link: states.view(link) for link in ("ab", "bc", "cd")}
    return {link for link, view in views.items() if view and view.free_bytes}


def test_two_applications_get_the_same_key_over_three_links(line):
    (key,) = line.share("SAE_A", "SAE_D")
    assert len(key.value) == 32
    age = datetime.now(UTC) - datetime.fromisoformat(key.extension.pop("qkdctl_made_at"))
    assert timedelta() <= age < timedelta(minutes=10)
    assert key.extension == {
        "qkdctl_made_of": ["QKD"],
        "qkdctl_label": "emulated",
        "qkdctl_relay": "forward",
        "qkdctl_hops": 3,
        "qkdctl_paths": [["a", "b", "c", "d"]],
        "qkdctl_link_types": [["modelled", "modelled", "modelled"]],
    }


def test_the_way_back_and_several_keys(line):
    keys = line.share("SAE_D", "SAE_A", 3, size=128)
    assert len({key.value.reveal() for key in keys}) == 3
    assert keys[0].extension["qkdctl_paths"] == [["d", "c", "b", "a"]]


def test_a_key_is_given_once(line):
    (key,) = line.share("SAE_A", "SAE_D")
    with line.client("SAE_D") as kme, pytest.raises(KmeRefused, match="not found"):
        kme.get_keys_by_id("SAE_A", [key.id])


def test_only_whom_it_is_for_gets_it(line):
    (key,) = line.wait_for_key("SAE_A", "SAE_D")
    with line.client("SAE_D2") as kme, pytest.raises(KmeRefused) as refused:
        kme.get_keys_by_id("SAE_A", [key.id])
    assert refused.value.status == 401


def test_one_key_for_several(line):
    keys = line.wait_for_key("SAE_A", "SAE_D", additional=["SAE_D2"])
    for sae in ("SAE_D", "SAE_D2"):
        with line.client(sae) as kme:
            assert kme.get_keys_by_id("SAE_A", [keys[0].id])[0].value == keys[0].value


def test_the_status_names_the_server_at_the_other_end(line):
    line.share("SAE_A", "SAE_D")
    with line.client("SAE_A") as kme:
        status = kme.status("SAE_D")
    assert (status["source_KME_ID"], status["target_KME_ID"]) == ("a", "d")
    assert status["stored_key_count"] > 0
    with line.client("SAE_A") as kme, pytest.raises(KmeRefused) as refused:
        kme.status("SAE_X")
    assert refused.value.status == 400


@pytest.mark.parametrize("wanted", [{"qkdctl_route_type": "direct"}, {"qkdctl_min_paths": 2}])
def test_a_way_that_is_not_there_is_refused(line, wanted):
    line.share("SAE_A", "SAE_D")
    with line.client("SAE_A") as kme:
        with pytest.raises(KmeRefused) as refused:
            kme.get_keys("SAE_D", mandatory=wanted)
        assert refused.value.status == 400
        assert kme.get_keys("SAE_D", optional=wanted)


def test_hybrid_keys_are_equal_at_both_ends(line):
    (key,) = line.share("SAE_A", "SAE_D", mandatory={"qkdctl_hybrid": "required"})
    assert key.extension["qkdctl_made_of"] == ["QKD", "ML-KEM-768"]


def test_a_cut_link_makes_no_key_until_it_is_whole_again(line):
    line.share("SAE_A", "SAE_D")
    line.cut("bc")
    with line.client("SAE_A") as kme, pytest.raises(KmeRefused) as refused:
        kme.get_keys("SAE_D")
    assert refused.value.status == 503
    line.heal("bc")
    line.share("SAE_A", "SAE_D")

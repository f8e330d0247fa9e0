"""``qkdctl network``: nodes as processes of their own, killed, started, cut and healed."""

import json
from time import monotonic, sleep

import pytest

from qkdctl.kme.client import KmeClient, KmeError, KmeRefused
from qkdctl.network.control import status
from tests.network.lab import PATIENCE_S, run_qkdctl

RING = """
name = "ring"
lab = true
gossip_s = 0.3
time.speed = 30

[domains.lab]

[nodes]
a = { domain = "lab", saes = ["SAE_A"] }
b = { domain = "lab" }
c = { domain = "lab", saes = ["SAE_C"] }
d = { domain = "lab" }

[links]
ab = { between = ["a", "b"], modelled = {} }
bc = { between = ["b", "c"], modelled = {} }
cd = { between = ["c", "d"], modelled = {} }
da = { between = ["d", "a"], modelled = {} }
"""


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    home = tmp_path_factory.mktemp("ring")
    (home / "ring.toml").write_text(RING)
    run_qkdctl("network", "up", "ring.toml", cwd=home)
    try:
        yield home
    finally:
        run_qkdctl("network", "down", cwd=home)
        assert not any(one.process for one in status(home / "qkdctl-network"))


def client(ring, node, sae):
    pki = ring / "qkdctl-network/domains/lab"
    url = next(one.state.url for one in status(ring / "qkdctl-network") if one.name == node)
    return KmeClient(url, pki / f"{sae}.crt", pki / f"{sae}.key", pki / "ca.crt")


def share(ring, **request):
    until = monotonic() + PATIENCE_S
    while True:
        try:
            with client(ring, "a", "SAE_A") as a, client(ring, "c", "SAE_C") as c:
                (key,) = a.get_keys("SAE_C", **request)
                (theirs,) = c.get_keys_by_id("SAE_A", [key.id])
                assert theirs.value == key.value
                return key.extension["qkdctl_paths"]
        except KmeRefused as refused:
            if refused.status != 503 or monotonic() > until:
                raise
        except KmeError:
            # On a machine that has much else to do an answer may come too late.
            if monotonic() > until:
                raise
        sleep(0.1)


def test_a_killed_node_is_gone_round_and_comes_back(ring):
    (way,) = share(ring)
    assert len(way) == 3
    run_qkdctl("network", "cut", way[1], cwd=ring)
    (other,) = share(ring)
    assert {way[1], other[1]} == {"b", "d"}
    run_qkdctl("network", "heal", way[1], cwd=ring)
    assert len(share(ring, mandatory={"qkdctl_min_paths": 2})) == 2


def test_status_says_what_is_up(ring):
    share(ring)
    run_qkdctl("network", "cut", "cd", cwd=ring)
    until = monotonic() + PATIENCE_S
    while True:
        figures = json.loads(run_qkdctl("network", "status", "--json", cwd=ring).stdout)
        links = {link["name"]: link for link in figures["links"]}
        if links["ab"]["up"] and links["ab"]["free_bits"] > 0 and not links["cd"]["up"]:
            break
        assert monotonic() < until, links
        sleep(0.1)
    made = {node["name"]: node["keys"].get("made", 0) for node in figures["nodes"]}
    assert made["a"] > 0
    run_qkdctl("network", "heal", "cd", cwd=ring)
    assert "SAE_A" in run_qkdctl("network", "status", cwd=ring).stdout


def test_what_belongs_to_one_node_is_for_its_owner_only(ring):
    run = ring / "qkdctl-network"
    for path in [*run.glob("nodes/*/*"), *run.glob("links/*/*")]:
        assert not path.stat().st_mode & 0o077, path
    assert run.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("cut", "nowhere"), 2, "there is no link or node 'nowhere'"),
        (("status", "--dir", "nothing"), 2, "there is no network"),
        (("up", "nothing.toml"), 3, "there is no such topology file"),
    ],
)
def test_what_is_not_there_is_named(ring, command, code, words):
    done = run_qkdctl("network", *command, cwd=ring, check=False)
    assert done.returncode == code
    assert words in done.stderr

"""A network on several hosts: here two addresses of the loopback, each with processes and files of its own."""

import io
import tarfile
from time import monotonic, sleep

import pytest

from qkdctl.kme.client import KmeClient, KmeError, KmeRefused
from qkdctl.network.control import status
from tests.network.lab import run_qkdctl

HERE, THERE = "127.0.0.2", "127.0.0.3"
TOPOLOGY = f"""
name = "two-hosts"
lab = true
gossip_s = 0.3
time.speed = 30

[domains.lab]

[nodes]
a = {{ domain = "lab", saes = ["SAE_A"], host = "{HERE}" }}
b = {{ domain = "lab", host = "{THERE}" }}
c = {{ domain = "lab", saes = ["SAE_C"], host = "{THERE}" }}

[links]
ab = {{ between = ["a", "b"], modelled = {{}} }}
bc = {{ between = ["b", "c"], modelled = {{}} }}
"""


@pytest.fixture
def hosts(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for home in (here, there):
        home.mkdir()
    (here / "two.toml").write_text(TOPOLOGY)
    run_qkdctl("network", "pack", "two.toml", "there.parcel", "--host", THERE, cwd=here)
    (there / "there.parcel").write_bytes((here / "there.parcel").read_bytes())
    try:
        run_qkdctl("network", "up", "two.toml", "--host", HERE, cwd=here)
        run_qkdctl("network", "join", "there.parcel", cwd=there)
        yield here, there
    finally:
        for home in (here, there):
            run_qkdctl("network", "down", cwd=home, check=False)


def client(home, node, sae):
    run = home / "qkdctl-network"
    url = next(one.state.url for one in status(run) if one.name == node)
    pki = run / "domains/lab"
    return KmeClient(url, pki / f"{sae}.crt", pki / f"{sae}.key", pki / "ca.crt")


def share(here, there, within_s=90):
    until = monotonic() + within_s
    while True:
        try:
            with client(here, "a", "SAE_A") as a, client(there, "c", "SAE_C") as c:
                (key,) = a.get_keys("SAE_C")
                (theirs,) = c.get_keys_by_id("SAE_A", [key.id])
                return key, theirs
        except (KmeRefused, KmeError):
            if monotonic() > until:
                raise
            sleep(0.2)


def test_keys_go_from_host_to_host_and_each_has_its_own(hosts):
    here, there = hosts
    key, theirs = share(here, there)
    assert key.value == theirs.value
    assert key.extension["qkdctl_paths"] == [["a", "b", "c"]]
    running = {
        home.name: {one.name for one in status(home / "qkdctl-network") if one.process} for home in hosts
    }
    assert running == {"here": {"a"}, "there": {"b", "c"}}
    files = {
        str(path.relative_to(there / "qkdctl-network")) for path in (there / "qkdctl-network").rglob("*")
    }
    assert not {name for name in files if "nodes/a" in name or "SAE_A" in name or name.endswith("ca.key")}
    assert not files & {"links/ab/alice.seed", "links/ab/alice.sqlite"}
    assert "links/ab/bob.sqlite" in files
    # Gone and back, by itself.
    run_qkdctl("network", "cut", "b", cwd=there)
    assert "0 nodes" not in run_qkdctl("network", "join", "there.parcel", cwd=there).stderr
    key, theirs = share(here, there)
    assert key.value == theirs.value


def test_a_host_that_has_no_node_is_named(tmp_path):
    (tmp_path / "two.toml").write_text(TOPOLOGY)
    done = run_qkdctl("network", "up", "two.toml", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert f"expected --host to be one of {HERE}, {THERE}" in " ".join(done.stderr.split())


def parcel_of(*members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing of the kind" * 100,
        parcel_of(("network.json", tarfile.REGTYPE)),
        parcel_of(("../out", tarfile.REGTYPE)),
        parcel_of(("/tmp/out", tarfile.REGTYPE)),
        parcel_of(("nodes/a/../../../out", tarfile.REGTYPE)),
        parcel_of(("nodes/a/kme.key", tarfile.SYMTYPE)),
        parcel_of(("nodes/a/kme.key", tarfile.LNKTYPE)),
        parcel_of(("nodes/a", tarfile.FIFOTYPE)),
    ],
)
def test_what_is_no_parcel_is_refused_and_leaves_nothing(tmp_path, data):
    (tmp_path / "parcel").write_bytes(data)
    done = run_qkdctl("network", "join", "parcel", "--dir", "run/network", cwd=tmp_path, check=False)
    assert done.returncode not in (0, 1)
    assert "parcel" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"parcel"}

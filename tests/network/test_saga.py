"""SAGA: a government's profile, TLS 1.3, keys at rest, the audit, and what zeroise leaves."""

import shutil
import socket
import sqlite3
import ssl
from urllib.parse import urlsplit

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.client import KmeRefused
from qkdctl.network.state import sole_process
from qkdctl.network.stores import stores_of, verify_all, zeroise_all
from tests.network.lab import Network, packaged, run_qkdctl


@pytest.fixture(scope="module")
def saga(tmp_path_factory):
    with Network(packaged("saga", speed=30), tmp_path_factory.mktemp("saga")) as network:
        yield network


def test_two_ways_where_there_are_two(saga):
    # While one of them has no key yet a PQC share would stand for it.
    saga.share("MINISTRY", "EMBASSY", mandatory={"qkdctl_min_paths": 2})
    (key,) = saga.share("MINISTRY", "EMBASSY")
    assert sorted(path[1] for path in key.extension["qkdctl_paths"]) == ["relay-1", "relay-2"]
    assert key.extension["qkdctl_made_of"] == ["QKD"]


def test_one_way_and_a_pqc_share_where_there_is_one(saga):
    """The second way would be over a house that is not trusted enough."""
    (key,) = saga.share("AGENCY", "MINISTRY")
    assert key.extension["qkdctl_paths"] == [["agency", "relay-1", "ministry"]]
    assert key.extension["qkdctl_made_of"] == ["QKD", "ML-KEM-768"]


def test_who_asks_for_several_is_told_of_the_ways_to_all_of_them(saga):
    saga.share("MINISTRY", "EMBASSY")
    saga.share("MINISTRY", "AGENCY")
    (key,) = saga.wait_for_key("MINISTRY", "EMBASSY", additional=["AGENCY"])
    paths = {}
    for sae in ("EMBASSY", "AGENCY"):
        with saga.client(sae) as kme:
            (theirs,) = kme.get_keys_by_id("MINISTRY", [key.id])
        assert theirs.value == key.value
        paths[sae] = theirs.extension["qkdctl_paths"]
        assert all(path[-1] == sae.lower() for path in paths[sae])
    assert key.extension["qkdctl_paths"] == paths["EMBASSY"] + paths["AGENCY"]
    assert len(key.extension["qkdctl_link_types"]) == len(key.extension["qkdctl_paths"])


def test_an_application_that_insists_on_two_ways_gets_no_substitute(saga):
    saga.share("AGENCY", "MINISTRY")
    with saga.client("AGENCY") as kme, pytest.raises(KmeRefused) as refused:
        kme.get_keys("MINISTRY", mandatory={"qkdctl_min_paths": 2})
    assert refused.value.status == 400


def test_a_request_cannot_ask_for_less_than_the_profile(saga):
    (key,) = saga.share("AGENCY", "MINISTRY", mandatory={"qkdctl_min_paths": 1, "qkdctl_hybrid": False})
    assert key.extension["qkdctl_made_of"] == ["QKD", "ML-KEM-768"]


def test_nothing_older_than_tls_1_3_is_spoken(saga):
    parts = urlsplit(saga.url("ministry"))
    certificate, key, ca = saga.files("MINISTRY")
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    with (
        socket.create_connection((parts.hostname, parts.port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        assert secure.version() == "TLSv1.3"
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((parts.hostname, parts.port)) as raw,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        context.wrap_socket(raw, server_hostname="localhost")


def test_a_key_that_waits_is_in_no_file(saga):
    (key,) = saga.wait_for_key("MINISTRY", "EMBASSY", size=512)
    value = key.value.reveal()
    for path in saga.layout.directory.rglob("*"):
        if path.is_file():
            assert value not in path.read_bytes(), path
    with saga.client("EMBASSY") as kme:
        assert kme.get_keys_by_id("MINISTRY", [key.id])[0].value == key.value


def test_a_running_node_is_not_zeroised(tmp_path):
    with sole_process(tmp_path), pytest.raises(RecordingError, match="qkdctl network cut"):
        zeroise_all(tmp_path)


def test_the_audit_verifies_and_a_copy_yields_nothing_after_zeroise(saga):
    (key,) = saga.wait_for_key("MINISTRY", "EMBASSY")
    home = saga.layout.node("embassy")
    saga.stop("embassy")
    heads = verify_all(home)
    assert len(heads) == 3
    assert all(head.number > 0 for head in heads.values())
    copies = saga.layout.directory.parent / "copies"
    copies.mkdir()
    for place in stores_of(home):
        shutil.copy(place.path, copies / f"{place.path.parent.name}-{place.path.name}")
    run_qkdctl("network", "zeroise", "embassy", "--yes", "--dir", "run", cwd=saga.layout.directory.parent)
    assert not list(home.glob("*.kek"))
    for place in stores_of(home):
        assert not place.path.with_suffix(".kek").exists()
        assert not place.path.with_suffix(".seed").exists()
    # The copies are whole, and nothing that is left opens them.
    with sqlite3.connect(copies / "embassy-node.sqlite") as copied:
        assert copied.execute("SELECT count(*) FROM waiting").fetchone()[0] >= 1
    copied.close()
    (copies / "node.sqlite").write_bytes((copies / "embassy-node.sqlite").read_bytes())
    (copies / "node.sqlite").chmod(0o600)
    with pytest.raises(RecordingError, match="key-encryption key"):
        KeyStore(copies / "node.sqlite", "node")
    assert key.value.reveal() not in (copies / "node.sqlite").read_bytes()
    # The log of what happened is still there, and says so.
    assert all(head.number > heads[path].number for path, head in verify_all(home).items())

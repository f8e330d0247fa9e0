"""``qkdctl identity``: from two strangers to two parties that sign."""

import subprocess
import sys

import pytest

from tests.support import links
from tests.support.ports import free_port


def test_an_identity_is_made_and_carried(qkdctl, tmp_path):
    for party in links.EVERYTHING:
        done = qkdctl("identity", "--party", party, "--store", party)
        assert done.code == 0
        assert done.out.strip() == f"{party}/{party}.identity.pub"
    known = qkdctl("identity", "--party", "bob", "--store", "bob", "--peer", "alice/alice.identity.pub")
    assert "knows the other party" in known.err
    assert (tmp_path / "bob" / "bob.peer.pub").read_bytes() == (
        tmp_path / "alice" / "alice.identity.pub"
    ).read_bytes()


def test_a_file_that_is_no_key_is_refused(qkdctl, tmp_path):
    (tmp_path / "junk").write_bytes(b"junk")
    done = qkdctl("identity", "--peer", "junk")
    assert done.code == 4
    assert "is not the other party's public key" in done.err


@pytest.mark.campaign
def test_two_nodes_without_a_shared_key_come_to_one(tmp_path):
    """Two real nodes over TCP, twice: the first session is signed, the second has tags as well."""

    def run(*arguments):
        command = [sys.executable, "-m", "qkdctl", *map(str, arguments)]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=tmp_path
        ).stdout.strip()

    run("tags", "generate", "decoy-bb84", "rec")
    curve = {role: run("keygen", f"{role}.curve") for role in links.EVERYTHING}
    public = {role: run("identity", "--party", role, "--store", role) for role in links.EVERYTHING}
    for role, peer in (("alice", "bob"), ("bob", "alice")):
        run("identity", "--party", role, "--store", role, "--peer", public[peer])
    place = f"tcp://127.0.0.1:{free_port()}"
    ends = {"alice": ("--listen", place), "bob": ("--connect", place)}
    files = {"alice": "rec/alice_states.h5", "bob": "rec/bob_tags.h5"}
    for _ in range(2):
        nodes = []
        for role, peer in (("alice", "bob"), ("bob", "alice")):
            options = ["--keys", f"{role}.curve", "--peer-key", curve[peer], "--recording", files[role]]
            command = [sys.executable, "-m", "qkdctl", "node", role, "decoy-bb84", *ends[role], *options]
            nodes.append(
                subprocess.Popen([*command, "--store", role], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
            )
        for node in nodes:
            _, err = node.communicate(timeout=200)
            assert node.returncode == 0, err
            assert "block 1: " in err

"""The examples of the documentation do what they say."""

import base64
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kme.test_delivery import pause_until
from tests.support.ports import free_port

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def example(link):
    def run(name, sae, party, *arguments):
        command = [sys.executable, EXAMPLES / name, *arguments]
        command += ["--kme", link.url(party), "--pki", link.pki, "--sae", sae]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)

    return run


def test_a_file_is_encrypted_here_and_decrypted_there(example, tmp_path):
    plain, sealed, opened = (tmp_path / name for name in ("plain", "sealed", "opened"))
    plain.write_bytes(b"for your eyes only" * 1000)
    assert (
        example("encrypt_file.py", "SAE_A", "alice", "encrypt", plain, sealed, "--with", "SAE_B").returncode
        == 0
    )
    assert b"for your eyes" not in sealed.read_bytes()
    assert (
        example("encrypt_file.py", "SAE_B", "bob", "decrypt", sealed, opened, "--with", "SAE_A").returncode
        == 0
    )
    assert opened.read_bytes() == plain.read_bytes()
    again = example("encrypt_file.py", "SAE_B", "bob", "decrypt", sealed, opened, "--with", "SAE_A")
    assert again.returncode != 0


CONFIGURATION = """[Interface]
PrivateKey = aaaa
[Peer]
PublicKey = other=
PresharedKey = kept
[Peer]
PublicKey = {peer}
PresharedKey = old
AllowedIPs = 10.0.0.0/8
"""


def test_both_ends_of_a_tunnel_get_the_same_key(example, tmp_path):
    paths = {sae: tmp_path / f"{sae}.conf" for sae in ("SAE_A", "SAE_B")}
    for sae, path in paths.items():
        path.write_text(CONFIGURATION.format(peer=f"{sae}+/="))
    first = example(
        "wireguard_psk.py", "SAE_A", "alice", "--slave", "SAE_B", "--peer", "SAE_A+/=", paths["SAE_A"]
    )
    assert first.returncode == 0, first.stderr
    second = example(
        "wireguard_psk.py", "SAE_B", "bob", "--master", "SAE_A", "--id", first.stdout.strip(), "--peer", "SAE_B+/=",
        paths["SAE_B"],
    )  # fmt: skip
    assert second.returncode == 0, second.stderr
    keys = [re.findall("PresharedKey = (.*)", path.read_text()) for path in paths.values()]
    assert keys[0] == keys[1]
    assert keys[0][0] == "kept"
    assert len(base64.b64decode(keys[0][1])) == 32
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths.values())
    assert all("AllowedIPs = 10.0.0.0/8" in path.read_text() for path in paths.values())


def test_no_key_is_spent_on_a_peer_that_is_not_there(example, link, tmp_path):
    path = tmp_path / "wg0.conf"
    path.write_text(CONFIGURATION.format(peer="x="))
    with link.client("SAE_A") as a:
        before = a.status("SAE_B")["stored_key_count"]
        done = example("wireguard_psk.py", "SAE_A", "alice", "--slave", "SAE_B", "--peer", "y=", path)
        assert "has 0 peers with the public key y=" in done.stderr
        assert a.status("SAE_B")["stored_key_count"] == before


def session(example, path, *arguments):
    done = example("tls_psk.py", *arguments, path)
    assert done.returncode == 0, done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    return done.stdout.strip()


@pytest.fixture
def sessions(example, tmp_path):
    """The same key at both ends, as OpenSSL takes it up; and its ID."""
    paths = tmp_path / "a.pem", tmp_path / "b.pem"
    key_id = session(example, paths[0], "SAE_A", "alice", "--slave", "SAE_B")
    session(example, paths[1], "SAE_B", "bob", "--master", "SAE_A", "--id", key_id)
    return paths, key_id


@contextmanager
def listening(path, key_id):
    """OpenSSL's server, which says every line backwards."""
    port = free_port()
    command = ["openssl", "s_server", "-tls1_3", "-nocert", "-rev", "-psk_identity", key_id, "-psk_session", path,
               "-accept", f"127.0.0.1:{port}"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            pause_until(lambda: is_open(port))
            yield port
        finally:
            server.kill()


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def talk(path, key_id, port):
    """Say a line over TLS; give what came back."""
    command = ["openssl", "s_client", "-tls1_3", "-psk_identity", key_id, "-psk_session", path,
               "-connect", f"127.0.0.1:{port}"]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as client:
        client.stdin.write(b"hello\n")
        client.stdin.flush()
        said = b""
        while b"olleh" not in said and (more := client.stdout.readline()):
            said += more
        client.kill()
    return said


def test_two_programs_speak_tls_under_a_key_of_the_link(sessions):
    (a, b), key_id = sessions
    with listening(a, key_id) as port:
        said = talk(b, key_id, port)
    assert b"olleh" in said
    assert b"Reused, TLSv1.3" in said


def test_nobody_speaks_with_them_under_another_key(sessions, example, tmp_path):
    (a, _), key_id = sessions
    session(example, tmp_path / "other.pem", "SAE_A", "alice", "--slave", "SAE_B")
    with listening(a, key_id) as port:
        said = talk(tmp_path / "other.pem", key_id, port)
    assert b"olleh" not in said
    assert b"alert" in said


def test_a_session_that_cannot_be_had_leaves_no_file(example, tmp_path):
    path = tmp_path / "a.pem"
    done = example("tls_psk.py", "SAE_A", "alice", "--slave", "SAE_A", path)
    assert "the slave SAE is the caller itself" in done.stderr
    assert not path.exists()

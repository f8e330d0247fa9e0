"""The commands around the key server, as a person types them."""

import base64
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

import pytest

from qkdctl.keystore.pair import PARTIES
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, make_key
from tests.keystore.test_secrecy import found
from tests.kme.lab import Lab


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.fill()
    return lab


def get(lab, sae, party, *more):
    certificate, key, ca = lab.files(sae)
    return ("keys", "get", "--kme", lab.url(party), "--cert", certificate, "--key", key, "--ca", ca, *more)


def test_from_nothing_to_a_key_at_both_ends(qkdctl, lab, tmp_path):
    with lab.start():
        first = qkdctl(
            *get(lab, "SAE_A", "alice", "--slave", "SAE_B", "--number", "2", "--size", "128", "--hybrid")
        )
        assert first.code == 0, first.err
        ids = [key["key_ID"] for key in first.json["keys"]]
        assert first.json["keys"][0]["key_extension"]["qkdctl_made_of"] == ["QKD", "ML-KEM-768"]
        by_id = [part for key_id in ids for part in ("--id", key_id)]
        second = qkdctl(*get(lab, "SAE_B", "bob", "--master", "SAE_A", *by_id))
        assert second.json == first.json
        again = qkdctl(*get(lab, "SAE_B", "bob", "--master", "SAE_A", *by_id))
        assert (again.code, again.out) == (10, "")
        assert "one or more keys specified are not found on KME" in again.err


def test_keys_go_to_files(qkdctl, lab, tmp_path):
    with lab.start():
        done = qkdctl(*get(lab, "SAE_A", "alice", "--slave", "SAE_B", "--to", tmp_path / "out"))
        assert (done.code, done.out) == (0, "")
    (path,) = (tmp_path / "out").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 32
    assert not found(path.read_bytes(), done.err.encode())


def stream(lab, sae, party, other, *more):
    certificate, key, ca = lab.files(sae)
    where = f"localhost:{lab.stream_ports[party]}"
    files = ("--kme", where, "--cert", certificate, "--key", key, "--ca", ca)
    return ("keys", "stream", *files, "--source", sae, "--destination", other, *more)


def test_a_stream_at_both_ends(qkdctl, lab, tmp_path):
    ksid = "c42fe0b3-dfa7-4872-b170-9d3b63b1f841"
    with lab.start(), lab.streams("SAE_A") as a:
        a.open("SAE_A", "SAE_B", UUID(ksid))
        second = qkdctl(
            *stream(lab, "SAE_B", "bob", "SAE_A", "--stream", ksid, "--count", "3", "--first", "5")
        )
        assert second.code == 0, second.err
        a.hang_up()
        done = qkdctl(
            *stream(
                lab, "SAE_A", "alice", "SAE_B", "--stream", ksid, "--first", "5", "--to", tmp_path / "out"
            )
        )
        assert (done.code, done.out) == (0, ""), done.err
        again = qkdctl(
            *stream(lab, "SAE_A", "alice", "SAE_B", "--stream", ksid, "--first", "5", "--wait", "0")
        )
        assert again.code == 10
        assert "INSUFFICIENT_KEY" in again.err
    assert second.json["stream"] == ksid
    values = {chunk["index"]: base64.b64decode(chunk["key"]) for chunk in second.json["chunks"]}
    assert list(values) == [5, 6, 7]
    (path,) = (tmp_path / "out").iterdir()
    assert (path.name, path.read_bytes()) == ("5", values[5])
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "more", [[], ["--slave", "B", "--master", "A"], ["--master", "A"], ["--slave", "B", "--id", "x"]]
)
def test_a_request_that_makes_no_sense(qkdctl, lab, more):
    assert qkdctl(*get(lab, "SAE_A", "alice", *more)).code == 2


def test_a_key_server_that_is_not_there(sentence, lab):
    code, line = sentence(*get(lab, "SAE_A", "alice", "--slave", "SAE_B"))
    assert code == 10
    assert re.fullmatch(r"https://localhost:\d+: no answer: .*refused", line)


def test_a_ca_grows(qkdctl, tmp_path):
    assert qkdctl("kme", "ca", "pki", "--kme", "K=k.example,192.0.2.1", "--sae", "A").code == 0
    before = (tmp_path / "pki" / "A.crt").read_bytes()
    done = qkdctl("kme", "ca", "pki", "--sae", "A", "--sae", "B", "--revoke", "A")
    assert "there is already" in done.err
    assert (tmp_path / "pki" / "A.crt").read_bytes() == before
    assert {path.name for path in (tmp_path / "pki").iterdir()} == {
        f"{name}.{end}" for name in ("ca", "A", "B", "K") for end in ("crt", "key")
    } | {"ca.crl"}
    for path in (tmp_path / "pki").glob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    chain = ["openssl", "verify", "-x509_strict", "-CAfile", "pki/ca.crt", "pki/K.crt", "pki/B.crt"]
    assert subprocess.run(chain, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert qkdctl("kme", "ca", "pki", "--revoke", "C").code == 2
    assert qkdctl("kme", "ca", "pki", "--sae", "../C").code == 2


@pytest.mark.parametrize(("change", "words"), [
    (("party = \"alice\"", "party = \"eve\""), "party is \"eve\", expected 'alice' or 'bob'"),
    (("localhost:", "nowhere/"), "listen is 'nowhere/"),
    (("https://", "http://"), "peer.url is 'http://"),
    (("id = \"KME_B\"", "id = \"KME_A\""), "peer.id is 'KME_A', as id is"),
    (("['SAE_A', ", "['SAE_B', "), "'SAE_B' is in saes and in peer.saes"),
    (("[limits]", "[limits]\nkey_size_bits = 100"), "expected multiples of 8 in rising order"),
    (("[limits]", "[limits]\nmax_keys = 1"), "limits.max_keys"),
    (("lab = true", "lab = 1"), "lab is 1, expected true or false"),
])  # fmt: skip
def test_a_file_that_is_wrong_is_explained(qkdctl, lab, change, words):
    path = lab.config("alice")
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    done = qkdctl("kme", "serve", path)
    assert done.code == 3
    assert words in done.err


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda lab: lab.files("KME_A")[1].chmod(0o644), "holds secrets and others can open it"),
    (lambda lab: lab.files("KME_A")[0].write_text(""), "cannot be used: is no PEM file"),
    (lambda lab: lab.files("KME_A")[2].unlink(), "cannot be"),
    (lambda lab: (lab.directory / "keys" / "alice.kek").chmod(0o644), "holds secrets and others can open it"),
    (lambda lab: (lab.directory / "keys" / "alice.sqlite").chmod(0o644), "holds secrets and others can open it"),
])  # fmt: skip
def test_a_server_does_not_start_where_its_secrets_are_open(lab, spoil, words):
    spoil(lab)
    done = serve(lab, "alice")
    done.wait(120)
    assert done.returncode == 4
    assert words in done.stderr.read()
    done.stderr.close()


def serve(lab, party):
    command = [sys.executable, "-m", "qkdctl", "kme", "serve", str(lab.config(party))]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_a_server_runs_until_it_is_told_to_stop_and_keeps_to_itself(lab):
    servers = [serve(lab, party) for party in PARTIES]
    lines = [server.stderr.readline() for server in servers]
    assert lines[0].startswith(f"KME_A serves Alice's keys at https://localhost:{lab.ports['alice']}")
    process = Path(f"/proc/{servers[0].pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    limits = (process / "limits").read_text()
    assert status["Umask"].strip() == "0077"
    assert re.search(r"Max core file size\s+0\s+0", limits)
    end = monotonic() + 120
    with lab.client("SAE_A") as a:
        while a.status("SAE_B")["stored_key_count"] == 0 and monotonic() < end:
            sleep(0.05)
        assert a.get_keys("SAE_B")
    for server in servers:
        server.send_signal(signal.SIGTERM)
        _, rest = server.communicate(timeout=120)
        assert server.returncode == 0
        assert rest.endswith("has stopped\n")


def test_the_log_tells_and_is_verified(qkdctl, lab):
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        (key,) = a.get_keys("SAE_B")
        b.get_keys_by_id("SAE_A", [key.id])
    shown = qkdctl("audit", "show", "--store", "keys", "--party", "bob").out.splitlines()
    told = [json.loads(line) for line in shown]
    assert [(row["event"], row.get("sae")) for row in told if row.get("key") == key.id] == [
        ("waits", None),
        ("collected", "SAE_B"),
    ]
    head = qkdctl("audit", "verify", "--store", "keys", "--party", "bob", "--json").json["head"]
    assert qkdctl("audit", "verify", "--store", "keys", "--party", "bob", "--head", head).code == 0
    assert qkdctl("audit", "verify", "--store", "keys", "--party", "bob", "--head", "x").code == 2
    with lab.store("bob") as store, store.transaction() as connection:
        connection.execute("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)")
    done = qkdctl("audit", "verify", "--store", "keys", "--party", "bob", "--head", head)
    assert done.code == 4
    assert "was cut or written anew" in done.err


def test_all_keys_are_destroyed(qkdctl, tmp_path):
    with KeyStore(tmp_path / "qkdctl-keys" / "alice.sqlite", "alice") as store:
        for block in range(3):
            store.stage(make_key(block), "secret", ORIGIN)
        for block in range(2):
            store.confirm(SESSION, block)
        with store.transaction() as connection:
            store.supply.open_block(connection, store_entry(connection), {"secret"})
            sealed = [bytes(row["value"]) for row in connection.execute("SELECT value FROM extent")]
    kek = tmp_path / "qkdctl-keys" / "alice.kek"
    before = kek.read_bytes()
    assert qkdctl("keys", "zeroise", "--yes").code == 0
    assert not kek.exists()
    left = b"".join(path.read_bytes() for path in (tmp_path / "qkdctl-keys").iterdir())
    assert not any(value in left for value in (*sealed, before))
    listed = qkdctl("keys", "list", "--json").json
    assert {key["state"] for key in listed["keys"]} == {"destroyed"}
    assert listed["one_time_authentication_keys"] == {"alice": 0, "bob": 0}
    assert '"zeroised"' in qkdctl("audit", "show").out
    assert qkdctl("audit", "verify").code == 0


def store_entry(connection):
    return connection.execute("SELECT id FROM key WHERE block = 1").fetchone()["id"]


def test_a_key_is_put_aside(qkdctl, tmp_path):
    with KeyStore(tmp_path / "qkdctl-keys" / "alice.sqlite", "alice") as store:
        store.stage(make_key(1), "secret", ORIGIN)
        store.confirm(SESSION, 1)
        (entry,) = store.entries()
    done = qkdctl("keys", "quarantine", entry.id)
    assert (done.code, done.err) == (
        0,
        "1 keys at Alice are quarantined; 0 keys of applications waited, and are lost\n",
    )
    assert qkdctl("keys", "list", "--json").json["keys"][0]["label"] == "quarantined"
    assert qkdctl("keys", "export", entry.id, "file").code == 2
    assert qkdctl("keys", "quarantine", "unknown").code == 4

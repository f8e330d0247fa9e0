"""Key stores and pre-shared keys that cannot be used, from the command line."""

import os
import resource
import sqlite3
import subprocess
import sys

import pytest

from qkdctl.keystore.pair import both_stores
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, make_key, name_server, shared_key


@pytest.fixture
def made(qkdctl, pairs, tmp_path):
    """A directory of key stores with two keys each."""
    assert qkdctl("process", *pairs.arguments).code == 0
    return tmp_path / "qkdctl-keys"


def test_the_other_partys_store_is_refused(sentence, pairs, made):
    (made / "alice.sqlite").unlink()
    (made / "bob.sqlite").rename(made / "alice.sqlite")
    code, line = sentence("process", *pairs.arguments)
    assert code == 4
    assert "is Bob's key store, expected Alice's" in line


def test_a_store_that_others_can_open_is_refused(sentence, pairs, made):
    (made / "bob.sqlite").chmod(0o644)
    code, line = sentence("process", *pairs.arguments)
    assert code == 4
    assert line.endswith("run: chmod 600 qkdctl-keys/bob.sqlite")


def test_a_store_that_is_none_is_refused(sentence, pairs, made):
    (made / "alice.sqlite").write_text("these are my notes, not a database, and there are many of them" * 9)
    for command in (("process", *pairs.arguments), ("keys", "list")):
        code, line = sentence(*command)
        assert code == 4
        assert "it is not a key store" in line


def test_a_file_in_place_of_the_directory_is_refused(sentence, pairs, tmp_path):
    (tmp_path / "file").write_text("")
    code, line = sentence("process", *pairs.arguments, "--store", "file")
    assert code == 4
    assert line.startswith("file/alice.lock: cannot be opened")


def test_a_store_in_use_is_refused(sentence, pairs, made, monkeypatch):
    now, _ = KeyStore.__init__.__defaults__
    monkeypatch.setattr(KeyStore.__init__, "__defaults__", (now, 0.05))
    other = sqlite3.connect(made / "alice.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for command in (("process", *pairs.arguments), ("keys", "list")):
        code, line = sentence(*command)
        assert code == 4
        assert "another program is using it; let that end first" in line
    other.execute("ROLLBACK")
    other.close()


def test_a_second_run_meanwhile_is_refused(sentence, pairs, made):
    with both_stores(made):
        code, line = sentence("process", *pairs.arguments)
    assert code == 4
    assert "another run is making keys in it" in line


def test_stores_of_different_pairs_are_refused(qkdctl, sentence, pairs, made, tmp_path):
    psk = private(tmp_path / "psk", shared_key("other", 4096))
    assert qkdctl("process", *pairs.arguments, "--store", "others", "--psk", psk).code == 0
    for name in ("bob.sqlite", "bob.kek"):
        (tmp_path / "others" / name).replace(made / name)
    code, line = sentence("process", *pairs.arguments)
    assert code == 4
    assert "do not hold the same pre-shared key" in line


def private(path, data):
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("data", "mode", "words"),
    [
        (b"", 0o600, "has 0 bytes"),
        (b"short", 0o600, "has 5 bytes"),
        (bytes(4096), 0o600, "is not random"),
        (shared_key("x", 4096), 0o644, "run: chmod 600 psk"),
        (shared_key("x", 200), 0o600, "holds 4 one-time keys for each party's words"),
    ],
)
def test_a_pre_shared_key_that_is_none_is_refused(sentence, pairs, tmp_path, data, mode, words):
    private(tmp_path / "psk", data).chmod(mode)
    code, line = sentence("process", *pairs.arguments, "--psk", "psk", "--json")
    assert code == 4
    assert words in line


def test_a_missing_pre_shared_key_is_told(sentence, pairs):
    assert sentence("process", *pairs.arguments, "--psk", "none") == (
        4,
        "none: the pre-shared key cannot be read: No such file or directory",
    )


@pytest.mark.parametrize("limit", [20_000, 80_000])
def test_a_disk_that_fills_up_costs_no_finished_block(pairs, tmp_path, limit):
    """A limit on the size of files takes the disk's place; what was confirmed before is in both stores."""
    done = subprocess.run(
        [sys.executable, "-m", "qkdctl", "process", *map(os.fspath, pairs.arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 4
    assert done.stdout == ""
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    with both_stores(tmp_path / "qkdctl-keys") as stores:
        states = [{entry.id: entry.state for entry in store.entries()} for store in stores.values()]
    assert states[0] == states[1]
    assert set(states[0].values()) <= {"confirmed"}


def test_a_store_on_a_server_is_there_for_every_command(qkdctl, sentence, tmp_path, postgres):
    path = tmp_path / "qkdctl-keys" / "alice.sqlite"
    name_server(path, postgres.emptied())
    with KeyStore(path, "alice") as store:
        store.stage(make_key(1), "secret", ORIGIN)
        store.confirm(SESSION, 1)
    (listed,) = qkdctl("keys", "list", "--json").json["keys"]
    assert qkdctl("audit", "verify", "--json").json["entries"] == 1
    assert qkdctl("keys", "quarantine", listed["id"]).code == 0
    assert qkdctl("keys", "zeroise", "--yes").code == 0
    assert qkdctl("keys", "list", "--json").json["keys"][0]["state"] == "destroyed"
    assert not path.exists()
    assert "there is no key store" in sentence("keys", "list", "--party", "bob")[1]

"""Listing and exporting keys."""

import json
import os
import stat
import subprocess
import sys

import pytest

from postproc.amplification import stage as amplification
from postproc.bits import Bits
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, make_key, shared_key


@pytest.fixture
def keys(tmp_path):
    """Alice's store in the default place: three keys of two sessions; give their entries."""
    with KeyStore(tmp_path / "qkdctl-keys" / "alice.sqlite", "alice") as store:
        store.pool.import_shared_key(shared_key())
        store.stage(make_key(1), "demonstration", ORIGIN)
        store.confirm(SESSION, 1)
        store.stage(make_key(2, 1_234_567), "demonstration", ORIGIN)
        store.stage(make_key(1, session=b"another session!"), "secret", ORIGIN)
        store.confirm(b"another session!", 1)
        return {(entry.session[:2], entry.block): entry for entry in store.entries()}


@pytest.mark.parametrize("columns", [80, 60, 200])
@pytest.mark.parametrize("colour", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "xterm-256color"}])
def test_the_list_can_be_read_and_copied_from_at_any_width(qkdctl, keys, monkeypatch, columns, colour):
    for name, value in colour.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", str(columns))
    done = qkdctl("keys", "list")
    assert done.code == 0
    assert done.err == ""
    assert "\x1b" not in done.out
    for entry in keys.values():
        (line,) = [line for line in done.out.splitlines() if entry.id in line]
        assert line.split() == [entry.id, f"{entry.length_bits:,}", "bits", entry.state]
        assert len(line) <= 72
    assert "demonstration (qubit-measurement waived)" in done.out
    assert done.out.splitlines()[-1] == (
        "3 keys at Alice; authentication keys left: 44 for Alice's words, 42 for Bob's"
    )


def test_the_list_as_json_has_everything_but_the_keys(qkdctl, keys):
    done = qkdctl("keys", "list", "--json")
    listed = {key["id"]: key for key in done.json["keys"]}
    assert set(listed) == {entry.id for entry in keys.values()}
    first = listed[keys["30", 1].id]
    assert first["origin"] == {
        "scenario": "a scenario",
        "protocol": "bbm92",
        "proof": "tomamichel2012",
        "waived": ["qubit-measurement"],
        "authentication": "psk",
    }
    assert first["length_bits"] == 203
    assert done.json["one_time_authentication_keys"] == {"alice": 44, "bob": 42}


def test_no_listing_shows_a_key(qkdctl, keys):
    text = (qkdctl("keys", "list").out + qkdctl("keys", "list", "--json").out).encode()
    secret = make_key(1).bits.to_bytes()
    assert secret[:6] not in text
    assert secret[:6].hex().encode() not in text


def test_a_missing_store_is_told(sentence):
    code, line = sentence("keys", "list", "--store", "nowhere")
    assert (code, line) == (4, "nowhere/alice.sqlite: there is no key store; name its directory with --store")


def test_the_other_partys_list_is_asked_for_by_name(sentence, keys):
    code, line = sentence("keys", "list", "--party", "bob")
    assert (code, line) == (
        4,
        "qkdctl-keys/bob.sqlite: there is no key store; name its directory with --store",
    )


def test_a_secret_key_is_exported_once(qkdctl, sentence, keys, tmp_path):
    name = keys["61", 1].id
    done = qkdctl("keys", "export", name, "key.bin")
    assert (done.code, done.out) == (0, "")
    assert done.err == "wrote 203 bits to key.bin; the store has forgotten them\n"
    assert (tmp_path / "key.bin").read_bytes() == make_key(1).bits.to_bytes()
    assert stat.S_IMODE((tmp_path / "key.bin").stat().st_mode) == 0o600
    code, line = sentence("keys", "export", name, "again.bin")
    assert code == 4
    assert line.endswith("was delivered before; a key is handed over once")
    assert '"delivered"' in qkdctl("keys", "list", "--json").out


def test_a_label_is_respected(qkdctl, sentence, keys):
    name = keys["30", 1].id
    for accepted in ([], ["--accept", "recorded"]):
        code, line = sentence("keys", "export", name, "key.bin", *accepted)
        assert code == 2
        assert line.endswith("to have it all the same, add --accept demonstration")
    assert qkdctl("keys", "export", name, "key.bin", "--accept", "demonstration").code == 0


def test_a_label_that_does_not_exist_is_refused(qkdctl, keys):
    assert qkdctl("keys", "export", keys["30", 1].id, "key.bin", "--accept", "anything").code == 2


def test_a_key_that_does_not_exist_or_is_not_confirmed_is_refused(sentence, keys):
    code, line = sentence("keys", "export", "no-such-key", "key.bin")
    assert (code, line) == (4, "no-such-key: Alice has no such key; see: qkdctl keys list")
    code, line = sentence("keys", "export", keys["30", 2].id, "key.bin", "--accept", "demonstration")
    assert code == 4
    assert "is not confirmed" in line


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("missing/key.bin", "missing/key.bin: cannot be written: No such file or directory"),
        ("qkdctl-keys/alice.sqlite", "is there already, and may be another key"),
        ("/dev/null", "is there already"),
    ],
)
def test_a_target_that_cannot_be_written_leaves_the_key(qkdctl, sentence, keys, target, words):
    name = keys["61", 1].id
    code, line = sentence("keys", "export", name, target)
    assert code == 4
    assert words in line
    assert qkdctl("keys", "export", name, "key.bin").code == 0


def test_a_terminal_gets_its_colours_and_a_pipe_does_not(keys, tmp_path):
    """In a process of its own: the tests' own output is neither."""
    done = subprocess.run(
        [sys.executable, "-m", "qkdctl", "keys", "list", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "40"},
    )
    assert len(json.loads(done.stdout)["keys"]) == 3
    assert done.stderr == ""


def test_keys_that_do_not_look_random_are_kept_apart_and_shown(qkdctl, pairs, monkeypatch):
    """A broken hash at both ends, from recordings to the stores."""
    monkeypatch.setattr(amplification, "toeplitz_hash", lambda key, seed, length: Bits.zeros(length))
    done = qkdctl("process", *pairs.arguments, "--json")
    figures = done.json
    assert done.code == qkdctl("process", *pairs.arguments, "--store", "other").code != 0
    assert (figures["quarantined_keys"], figures["secret_bits"]) == (2, 0)
    assert figures["net_secret_bits"] == -2 * 384
    assert [block["outcome"] for block in figures["blocks"]] == ["refused", "refused"]
    assert all(block["leak_bits"] > 0 for block in figures["blocks"])
    assert [a["subject"] for a in figures["alarms"] if a["name"] == "key-quarantined"] == [
        "block 1",
        "block 2",
    ]
    ids = []
    for party in ("alice", "bob"):
        listed = qkdctl("keys", "list", "--party", party, "--json").json["keys"]
        assert {(key["label"], key["state"]) for key in listed} == {("quarantined", "confirmed")}
        ids.append([key["id"] for key in listed])
        text = qkdctl("keys", "list", "--party", party).out
        assert text.count("bits  quarantined") == 2
    assert ids[0] == ids[1]
    refused = qkdctl("keys", "export", ids[0][0], "key.bin")
    assert refused.code == 2
    assert "is quarantined: it did not look random" in refused.err
    assert qkdctl("keys", "export", ids[0][0], "key.bin", "--accept", "quarantined").code == 2

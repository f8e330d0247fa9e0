"""Keys that are known beforehand are searched for wherever they could have leaked to."""

import json
import subprocess
import sys

import pytest

from qkdctl.keystore.audit import entries
from qkdctl.kme.client import KmeRefused
from tests.keystore.conftest import filler
from tests.keystore.test_secrecy import found
from tests.kme.raw import Raw
from tests.kme.test_delivery import pause_until

BLOCK = filler("key 1", 4000)


def pieces():
    """The planted key in the units in which it is delivered."""
    return [BLOCK[start : start + 32] for start in range(0, len(BLOCK), 32)]


def test_no_planted_key_is_in_logs_stores_or_errors(lab, monkeypatch):
    monkeypatch.setenv("QKDCTL_DEBUG", "1")
    lab.fill([1])
    command = [sys.executable, "-m", "qkdctl", "kme", "serve", "--verbose"]
    servers = [
        subprocess.Popen([*command, str(lab.config(party))], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        for party in ("alice", "bob")
    ]
    try:
        for server in servers:
            assert b"serves" in server.stderr.readline()
        answers = use(lab)
    finally:
        for server in servers:
            server.terminate()
        said = [part for server in servers for part in server.communicate(timeout=120)]
    places = [path.read_bytes() for path in lab.directory.rglob("*") if path.is_file()]
    assert len(places) > 10
    assert found(pieces()[0], BLOCK)
    for piece in pieces():
        assert not found(piece, *said, *places, *answers)


def use(lab):
    """Give, collect, and be refused in every way; the answers that must hold no key."""
    with lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] > 0)
        keys = a.get_keys("SAE_B", 5)
        b.get_keys_by_id("SAE_A", [key.id for key in keys[:3]])
        texts = [repr(keys), repr(a.status("SAE_B"))]
        with pytest.raises(KmeRefused) as refused:
            b.get_keys_by_id("SAE_A", [keys[0].id])
        texts.append(repr(refused.value))
    ask = Raw(lab, "SAE_B2", "bob")
    body = json.dumps({"key_IDs": [{"key_ID": keys[4].id}]})
    texts.append(repr(ask("POST", "/api/v1/keys/SAE_A/dec_keys", body)))
    ask.close()
    for party in ("alice", "bob"):
        with lab.store(party) as store, store.transaction() as connection:
            texts.append(repr(list(entries(connection))))
    return [text.encode() for text in texts]


def test_a_mistake_deep_inside_shows_no_key(lab, monkeypatch, caplog):
    """While keys are in hand something breaks: the answer and the log tell of it without them."""
    from qkdctl.kme import allotment

    lab.fill([1])

    def fail(*arguments):
        raise ZeroDivisionError(f"with {arguments[2:]} in hand")

    monkeypatch.setattr(allotment, "made_of_text", fail)
    with (
        lab.start(),
        lab.client("SAE_A") as a,
        pytest.raises(KmeRefused, match="the key store cannot be used"),
    ):
        a.get_keys("SAE_B")
    assert "ZeroDivisionError" in caplog.text
    assert not any(found(piece, caplog.text.encode()) for piece in pieces())

"""Identities beside a key store: made once, private, and read with it."""

import stat

import pytest

from postproc.authentication.wegman_carter import Authenticator
from postproc.errors import AuthenticationFailed
from qkdctl.errors import RecordingError
from qkdctl.keystore.identity import ensure_identity, know_peer, read_identity
from qkdctl.keystore.sink import sink_for
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN


@pytest.fixture
def both(tmp_path):
    """Two parties' key stores in two places, that know each other."""
    paths = {role: tmp_path / role / f"{role}.sqlite" for role in ("alice", "bob")}
    public = {role: ensure_identity(path) for role, path in paths.items()}
    know_peer(paths["alice"], public["bob"])
    know_peer(paths["bob"], public["alice"])
    return paths


def test_an_identity_is_made_once_and_its_secret_is_private(tmp_path):
    store = tmp_path / "new" / "alice.sqlite"
    public = ensure_identity(store)
    first = public.read_bytes()
    assert ensure_identity(store) == public
    assert public.read_bytes() == first
    secret = store.with_suffix(".identity")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_bytes() not in first
    assert read_identity(store) is None


def test_stores_that_know_each_other_can_begin_without_a_key(both):
    with KeyStore(both["alice"], "alice") as alice, KeyStore(both["bob"], "bob") as bob:
        first, second = Authenticator("alice", alice.pool), Authenticator("bob", bob.pool)
        assert sink_for(alice, "secret", ORIGIN).origin.authentication == "mldsa65"
        tag = first.tag(b"text")
        second.check(b"text", tag)
        with pytest.raises(AuthenticationFailed):
            second.check(b"other", tag)


def test_a_secret_that_others_can_read_is_refused(both):
    both["alice"].with_suffix(".identity").chmod(0o644)
    with pytest.raises(RecordingError, match="others can open it"):
        KeyStore(both["alice"], "alice")


def test_files_that_are_none_are_refused(both, tmp_path):
    wrong = tmp_path / "wrong"
    for length in (0, 32, 1951, 1953):
        wrong.write_bytes(bytes(length))
        with pytest.raises(RecordingError, match="is not the other party's public key"):
            know_peer(both["alice"], wrong)
    with pytest.raises(RecordingError, match="cannot be read"):
        know_peer(both["alice"], tmp_path / "missing")
    with pytest.raises(RecordingError, match="own public key"):
        know_peer(both["alice"], both["alice"].with_suffix(".identity.pub"))
    both["bob"].with_suffix(".identity").write_bytes(b"short")
    with pytest.raises(RecordingError, match=r"bob\.identity: is not an identity's secret key"):
        read_identity(both["bob"])


def test_half_an_identity_is_not_made_whole(tmp_path):
    store = tmp_path / "alice.sqlite"
    ensure_identity(store).unlink()
    with pytest.raises(RecordingError, match="made once, as a whole"):
        ensure_identity(store)

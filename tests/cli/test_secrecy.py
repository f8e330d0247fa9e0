"""No key is ever on the screen, and a key that left is not on the disk."""

import pytest

from qkdctl.keystore.pair import PARTIES, both_stores
from qkdctl.keystore.store import KeyStore
from tests.cli.test_stores import private
from tests.keystore.conftest import shared_key
from tests.keystore.test_secrecy import found

SHARED_KEY = shared_key("planted", 4096)


def test_no_command_shows_a_key(qkdctl, pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("QKDCTL_DEBUG", "1")
    psk = private(tmp_path / "psk", SHARED_KEY)
    texts = [qkdctl("process", *pairs.arguments, "--psk", psk, *more) for more in ([], ["--json"])]
    names, secrets = held(tmp_path / "qkdctl-keys")
    for more in ([], ["--json"], ["--party", "bob"]):
        texts.append(qkdctl("keys", "list", *more))
    texts.append(qkdctl("keys", "export", names[0], "key"))
    for _ in range(2):
        texts.append(qkdctl("keys", "export", names[0], "key", "--accept", "demonstration"))
    assert [text.code for text in texts] == [0, 4, 0, 0, 0, 2, 0, 4]
    # The name of the shared key, its first 16 bytes, may be told.
    shown = [part.encode() for text in texts for part in (text.out, text.err)]
    for secret in (*secrets, *(SHARED_KEY[16 * part :] for part in range(1, 10))):
        assert not found(secret, *shown)


def held(directory):
    with both_stores(directory) as stores:
        names = [entry.id for entry in stores["alice"].entries()]
        return names, [stores["alice"].value(name).to_bytes() for name in names]


def test_no_key_is_on_the_disk_in_clear_but_the_exported(qkdctl, pairs, tmp_path):
    psk = private(tmp_path / "psk", SHARED_KEY)
    assert qkdctl("process", *pairs.arguments, "--psk", psk).code == 0
    psk.unlink()
    names, secrets = held(tmp_path / "qkdctl-keys")
    assert qkdctl("keys", "export", names[0], "key", "--accept", "demonstration").code == 0
    assert found(secrets[0], (tmp_path / "key").read_bytes())
    content = [path.read_bytes() for path in (tmp_path / "qkdctl-keys").iterdir()]
    one_time = [SHARED_KEY[16 * part : 16 * part + 16] for part in range(1, 256)]
    assert not any(found(secret, *content) for secret in (*secrets, *one_time))


@pytest.mark.parametrize("party", PARTIES)
def test_a_failure_deep_inside_shows_no_key(qkdctl, pairs, tmp_path, monkeypatch, party):
    """A mistake of ours while a key is in hand: the traceback is printed, the key is not."""
    monkeypatch.setenv("QKDCTL_DEBUG", "1")
    seen = []
    stage = KeyStore.stage

    def fail(self, key, *rest):
        if self.path.name.startswith(party):
            seen.append(key.bits.to_bytes())
            raise ZeroDivisionError(f"while staging {key} with {key.bits}")
        stage(self, key, *rest)

    monkeypatch.setattr(KeyStore, "stage", fail)
    done = qkdctl("process", *pairs.arguments, "--psk", private(tmp_path / "psk", SHARED_KEY))
    assert done.code == 1
    assert "Traceback" in done.err
    assert "internal error: ZeroDivisionError: while staging <secret key of block" in done.err
    assert not any(found(secret, done.err.encode()) for secret in (*seen, SHARED_KEY[16:], SHARED_KEY[48:]))

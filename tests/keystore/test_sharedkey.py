"""Reading a pre-shared key: a private, random file of a sensible length."""

import os

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore.sharedkey import MAX_BYTES, read_shared_key
from tests.keystore.conftest import shared_key


def written(tmp_path, data, mode=0o600):
    path = tmp_path / "psk"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def refusal(path):
    with pytest.raises(RecordingError) as caught:
        read_shared_key(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


@pytest.mark.parametrize("length", [80, 4096, 4099])
def test_random_bytes_are_read_as_they_are(tmp_path, length):
    assert read_shared_key(written(tmp_path, shared_key("x", length))) == shared_key("x", length)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o601])
def test_a_file_that_others_can_open_is_refused(tmp_path, mode):
    assert "run: chmod 600" in refusal(written(tmp_path, shared_key(), mode))


@pytest.mark.parametrize("length", [0, 1, 79])
def test_one_that_is_too_short_is_refused_with_a_way_to_make_another(tmp_path, length):
    message = refusal(written(tmp_path, bytes(length)))
    assert f"has {length} bytes" in message
    assert "head -c 4096 /dev/urandom" in message


def test_one_that_is_absurdly_long_is_refused(tmp_path):
    path = written(tmp_path, b"")
    os.truncate(path, MAX_BYTES + 1)
    assert f"has more than {MAX_BYTES} bytes" in refusal(path)


@pytest.mark.parametrize(
    "data", [bytes(4096), b"0123456789abcdef" * 100, shared_key()[:160] + shared_key()[32:64]]
)
def test_what_is_not_random_is_refused(tmp_path, data):
    assert "is not random: the same 16 bytes come twice" in refusal(written(tmp_path, data))


def test_what_is_no_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "nothing")
    assert "Is a directory" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a regular file" in refusal(tmp_path / "pipe")


def test_the_secret_is_in_no_message(tmp_path):
    data = shared_key()
    for path in (written(tmp_path, data, 0o644), written(tmp_path, data[:70])):
        message = refusal(path)
        assert data[:8].hex() not in message
        assert repr(data[:8]) not in message

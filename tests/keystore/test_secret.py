"""A secret is used, and not shown."""

import copy
import json
import pickle

import pytest

from qkdctl.keystore.secret import Secret
from tests.keystore.conftest import filler
from tests.keystore.test_secrecy import found

VALUE = filler("secret", 32)


def test_it_gives_its_bytes_to_whoever_asks():
    assert Secret(VALUE).reveal() == VALUE
    assert len(Secret(VALUE)) == 32


def test_it_shows_its_length_only():
    assert repr(Secret(VALUE)) == repr([Secret(VALUE)])[1:-1] == "<secret 32 B>"


@pytest.mark.parametrize(
    "leak",
    [str, "{}".format, lambda s: f"{s}", pickle.dumps, copy.copy, copy.deepcopy, json.dumps, bytes, hash],
)
def test_it_goes_nowhere_by_itself(leak):
    with pytest.raises(TypeError) as caught:
        leak(Secret(VALUE))
    assert not found(VALUE, repr(caught.value).encode())


def test_it_is_wiped():
    secret = Secret(VALUE)
    inside = secret._value
    view = memoryview(inside)
    with pytest.raises(BufferError):
        secret.wipe()
    assert bytes(view) == bytes(32)


def test_equal_secrets_are_equal():
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE[:-1])
    assert Secret(VALUE) != VALUE

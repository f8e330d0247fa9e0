"""A pre-shared key and its parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.authentication.sharedkey import cut_keys, split_shared_key
from postproc.errors import InputError


@given(st.binary(min_size=80, max_size=400))
def test_every_byte_has_one_purpose(data):
    parts = split_shared_key(data)
    pairs = (len(data) - 48) // 32
    assert parts.source == data[:16]
    assert parts.hash_keys == {"alice": data[16:32], "bob": data[32:48]}
    whole = b"".join(
        one for pair in zip(*map(cut_keys, parts.one_time_keys.values()), strict=True) for one in pair
    )
    assert whole == data[48 : 48 + 32 * pairs]


@pytest.mark.parametrize("length", [0, 15, 16, 79])
def test_one_that_is_too_short_is_refused(length):
    with pytest.raises(InputError, match=f"{length} bytes and needs at least 80"):
        split_shared_key(bytes(length))


def test_its_repr_tells_its_name_and_nothing_else():
    data = bytes(range(16)) + b"planted" * 20
    assert repr(split_shared_key(data)) == "<pre-shared key 000102030405060708090a0b0c0d0e0f>"
    assert str(split_shared_key(data)) == repr(split_shared_key(data))

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.bits import Bits

lists = st.lists(st.integers(0, 1), max_size=200)


@given(lists)
def test_bit_i_stands_where_the_convention_says(values):
    bits = Bits.from_array(np.array(values, np.uint8))
    data = bits.to_bytes()
    assert [data[i >> 3] >> (i & 7) & 1 for i in range(len(values))] == values
    assert bits.to_array().tolist() == values
    assert bits.count() == sum(values)


@given(st.binary(max_size=40), st.data())
def test_from_bytes_masks_what_follows(data, draw):
    length = draw.draw(st.integers(0, 8 * len(data)))
    bits = Bits.from_bytes(data, length)
    assert bits.to_array().tolist() == Bits.from_bytes(data).to_array()[:length].tolist()


@given(lists, lists)
def test_join_and_slice(first, second):
    a, b = (Bits.from_array(np.array(v, np.uint8)) for v in (first, second))
    joined = Bits.join([a, b])
    assert joined.slice(0, len(a)) == a
    assert joined.slice(len(a), len(joined)) == b


@given(st.lists(st.booleans(), max_size=100), st.integers(-120, 120), st.integers(-120, 120))
def test_a_slice_is_as_python_has_it(values, start, stop):
    assert Bits.from_array(np.array(values, bool)).slice(start, stop) == Bits.from_array(
        np.array(values[start:stop], bool)
    )


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=100))
def test_xor_and_equality(pairs):
    a, b = (Bits.from_array(np.array([p[i] for p in pairs], bool)) for i in (0, 1))
    assert (a ^ b).to_array().tolist() == [x ^ y for x, y in pairs]
    assert (a == b) == ([x for x, _ in pairs] == [y for _, y in pairs])


def test_strings_of_different_length_are_not_equal_and_cannot_be_added():
    assert Bits.zeros(7) != Bits.zeros(8)
    with pytest.raises(ValueError, match="cannot add 7 bits to 8"):
        Bits.zeros(7) ^ Bits.zeros(8)


@pytest.mark.parametrize(
    ("packed", "length"),
    [
        (np.array([8], np.uint8), 3),
        (np.zeros(2, np.uint8), 8),
        (np.zeros(0, np.uint8), 1),
        (np.zeros(1, np.uint16), 8),
    ],
)
def test_only_canonical_packings_are_taken(packed, length):
    with pytest.raises(ValueError, match="bit"):
        Bits(packed, length)


def test_bits_are_shy():
    secret = Bits.from_bytes(b"\xde\xad\xbe\xef" * 8)
    for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}"):
        assert text.strip("[]") == "<256 bits>"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)


def test_bits_do_not_change_when_their_source_does():
    packed = np.zeros(2, np.uint8)
    bits = Bits(packed, 16)
    packed[0] = 255
    assert bits.count() == 0
    assert not bits.packed.flags.writeable

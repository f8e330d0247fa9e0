"""Ascending integers in few bits."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.ascending import MOST_GAIN, pack_ascending, unpack_ascending
from postproc.bits import Bits
from postproc.conversation.messages import decode, encode
from postproc.sifting.slots import SlotAnnouncement

U4, I8 = np.dtype("<u4"), np.dtype("<i8")


@given(
    st.lists(st.integers(0, 50) | st.integers(0, 2**40), min_size=2, max_size=100),
    st.integers(-(2**61), 2**61),
)
def test_numbers_come_back(steps, first):
    values = first + np.cumsum(np.array(steps, np.int64))
    packed = pack_ascending(values)
    if packed is not None:
        assert len(packed) < values.nbytes <= MOST_GAIN * len(packed)
        assert unpack_ascending(packed, I8).tolist() == values.tolist()


@pytest.mark.parametrize("mean", [1.5, 10, 1000, 10**6])
def test_slots_come_back(mean):
    rng = np.random.default_rng(1)
    slots = np.cumsum(rng.geometric(1 / mean, 3000)).astype(np.uint32)
    packed = pack_ascending(slots)
    assert packed is not None
    found = unpack_ascending(packed, U4)
    assert found.dtype == np.uint32
    assert found.tolist() == slots.tolist()


def test_what_gains_nothing_stays_as_it_is():
    assert pack_ascending(np.arange(5)) is None
    assert pack_ascending(np.arange(50)[::-1]) is None
    assert pack_ascending(np.zeros(10**5, np.int64)) is None, "the gain is bounded"
    assert pack_ascending(np.array([-(2**63)] + [2**63 - 1] * 50)) is None


@given(st.binary(max_size=200), st.sampled_from([U4, I8]))
def test_any_bytes_give_ascending_numbers_or_an_error(data, dtype):
    try:
        values = unpack_ascending(data, dtype)
    except ValueError:
        return
    assert (np.diff(values.astype(object)) >= 0).all()
    assert values.nbytes <= MOST_GAIN * len(data) + 8


@given(st.integers(0, 10**4), st.integers(0, 7))
def test_damage_never_goes_through_as_a_longer_list(place, bit):
    slots = np.cumsum(np.random.default_rng(2).geometric(0.001, 500)).astype(np.uint32)
    packed = bytearray(pack_ascending(slots))
    packed[place % len(packed)] ^= 1 << bit
    with contextlib.suppress(ValueError):
        assert len(unpack_ascending(bytes(packed), U4)) == 500


@pytest.mark.parametrize(("rate_hz", "most_bits"), [(10e6, 9.3), (1e6, 12.6), (100e3, 15.9), (10e3, 19.3)])
def test_bits_per_detection_of_an_announcement(rate_hz, most_bits):
    """Slots of 1 ns; entropies are 8.08, 11.41, 14.73 and 18.05 bits, and the basis takes one more."""
    rng = np.random.default_rng(3)
    n = 20_000
    slots = np.cumsum(rng.geometric(rate_hz / 1e9, n))
    slots = slots[slots < 2**32].astype(np.uint32)
    message = SlotAnnouncement(slots, Bits.from_array(rng.integers(0, 2, len(slots)).astype(np.uint8)))
    payload = encode(message)
    assert 8 * len(payload) / len(slots) < most_bits
    found = decode(payload, SlotAnnouncement)
    assert (found.slot == slots).all()
    assert not found.slot.flags.writeable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.errors import InputError
from postproc.reference import records as reference


def check(time_ps: np.ndarray, channel: np.ndarray) -> None:
    packed = kernels.pack_tags(time_ps, channel)
    assert packed.tobytes() == reference.pack_tags(time_ps.tolist(), channel.tolist())
    times, channels = kernels.unpack_tags(packed, len(time_ps))
    assert (times == time_ps).all()
    assert (channels == channel).all()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 511, 512, 513, 1024, 1500, 5000])
@pytest.mark.parametrize("largest", [1, 2, 2**23, 2**32, 2**53])
def test_agree_with_the_oracle(level: str, rng: np.random.Generator, n: int, largest: int):
    check(rng.integers(0, largest, n).cumsum() - 2**40, rng.integers(3, 9, n).astype(np.uint8))


@pytest.mark.parametrize("bits", range(65))
def test_every_width(level: str, rng: np.random.Generator, bits: int):
    steps = rng.integers(0, 2**64, 600, np.uint64, endpoint=False) >> np.uint64(64 - bits if bits else 63)
    steps = steps if bits else np.zeros(600, np.uint64)
    time_ps = np.cumsum(steps, dtype=np.uint64).view(np.int64)
    check(time_ps, (np.arange(600) % 256).astype(np.uint8))


@pytest.mark.parametrize("planes", range(9))
def test_every_number_of_planes(level: str, rng: np.random.Generator, planes: int):
    channel = rng.integers(0, 2**planes, 1100).astype(np.uint8) + np.uint8(255 - 2**planes + 1)
    check(np.arange(1100), channel)


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 255)), max_size=80))
@settings(deadline=None, max_examples=100)
def test_any_tags_come_back(tags: list[tuple[int, int]]):
    time_ps, channel = (
        np.array([tag[k] for tag in tags], dtype) for k, dtype in enumerate((np.int64, np.uint8))
    )
    for level in kernels.levels():
        with kernels.forced(level):
            check(time_ps, channel)


@given(st.binary(max_size=600), st.integers(0, 1200))
@settings(deadline=None, max_examples=200)
def test_any_bytes_give_tags_or_an_error(data: bytes, n: int):
    outcomes = set()
    for level in kernels.levels():
        with kernels.forced(level):
            try:
                time_ps, channel = kernels.unpack_tags(np.frombuffer(data, np.uint8), n)
                outcomes.add((time_ps.tobytes(), channel.tobytes()))
            except InputError:
                outcomes.add((b"", b"error"))
    assert len(outcomes) == 1


def test_damage_is_noticed_where_it_shows(level: str, rng: np.random.Generator):
    packed = kernels.pack_tags(rng.integers(0, 99, 700).cumsum(), rng.integers(0, 4, 700).astype(np.uint8))
    for spoiled in (packed[:-1], packed[:9], np.append(packed, np.uint8(0))):
        with pytest.raises(InputError, match="packed time tags"):
            kernels.unpack_tags(spoiled, 700)
    for place, value in ((8, 65), (8, 64), (9, 9), (11, 1)):
        spoiled = packed.copy()
        spoiled[place] = value
        with pytest.raises(InputError, match="packed time tags: they are damaged"):
            kernels.unpack_tags(spoiled, 700)


def test_lengths_must_match():
    with pytest.raises(InputError, match="2 times and 3 channels do not match"):
        kernels.pack_tags(np.zeros(2, np.int64), np.zeros(3, np.uint8))
    with pytest.raises(InputError, match="0 bytes do not hold 1 packed"):
        kernels.unpack_tags(np.zeros(0, np.uint8), 1)

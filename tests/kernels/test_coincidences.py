import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.errors import InputError
from postproc.reference import coincidences as reference

INT64 = np.iinfo(np.int64)


def times(values: object) -> np.ndarray:
    return np.array(values, np.int64)


def check(a: np.ndarray, b: np.ndarray, window_ps: int) -> None:
    index_a, index_b = kernels.coincidences(a, b, window_ps)
    assert index_a.dtype == index_b.dtype == np.uint32
    expected = reference.coincidences(a.tolist(), b.tolist(), window_ps)
    assert (index_a.tolist(), index_b.tolist()) == expected


def stream(rng: np.random.Generator, n: int, span_ps: int) -> np.ndarray:
    return np.sort(rng.integers(-span_ps, span_ps, n, np.int64))


@pytest.mark.parametrize("n_a", [0, 1, 3, 4, 5, 7, 8, 9, 16, 100, 1001])
@pytest.mark.parametrize("n_b", [0, 1, 4, 8, 17, 500])
@pytest.mark.parametrize("mean_gap_ps", [1, 10, 1000])
def test_agree_with_the_oracle(level: str, rng: np.random.Generator, n_a: int, n_b: int, mean_gap_ps: int):
    span_ps = max(n_a, n_b, 1) * mean_gap_ps
    for window_ps in (0, 1, 8, 300):
        check(stream(rng, n_a, span_ps), stream(rng, n_b, span_ps), window_ps)


@pytest.mark.parametrize("jitter_ps", [0, 50, 400])
def test_photon_pairs_with_background(level: str, rng: np.random.Generator, jitter_ps: int):
    pairs = rng.integers(0, 10**9, 5000)
    a = np.sort(np.concatenate([pairs, rng.integers(0, 10**9, 4000)]))
    b = np.sort(np.concatenate([pairs + rng.integers(-jitter_ps, jitter_ps + 1, 5000), a[:3000] + 70_000]))
    for window_ps in (0, jitter_ps, 5000):
        check(a, b, window_ps)


@given(
    st.lists(st.integers(-60, 60), max_size=60).map(sorted),
    st.lists(st.integers(-60, 60), max_size=60).map(sorted),
    st.integers(0, 12),
    st.sampled_from([1, 3, 50]),
)
@settings(deadline=None, max_examples=300)
def test_every_level_agrees_with_the_oracle(a: list[int], b: list[int], window_ps: int, scale: int):
    for level in kernels.levels():
        with kernels.forced(level):
            check(scale * times(a), scale * times(b), window_ps)


wild = st.lists(
    st.one_of(st.integers(INT64.min, INT64.max), st.sampled_from([INT64.min, -1, 0, 1, INT64.max])),
    max_size=30,
).map(sorted)


@given(wild, wild, st.one_of(st.integers(0, 2**63 - 1), st.sampled_from([0, 1, 2**62, 2**63 - 1])))
@settings(deadline=None, max_examples=200)
def test_times_a_whole_range_apart(a: list[int], b: list[int], window_ps: int):
    for level in kernels.levels():
        with kernels.forced(level):
            check(times(a), times(b), window_ps)


@pytest.mark.parametrize("n", [4, 8])
def test_one_difference_beyond_int64_in_a_block(level: str, n: int):
    a = times([-(2**62) - 1, *range(0, 1000 * (n - 1), 1000)])
    b = times([*range(500, 1000 * (n - 1), 1000), 2**62])
    for window_ps in (0, 499):
        check(a, b, window_ps)
        check(b, a, window_ps)


def test_all_tags_at_once(level: str):
    check(times([5] * 40), times([5] * 33), 0)


def test_strided_and_misaligned_streams(level: str, rng: np.random.Generator):
    a, b = stream(rng, 400, 5000), stream(rng, 300, 5000)
    misaligned = np.frombuffer(b"x" + b.tobytes(), np.int64, offset=1)
    index_a, index_b = kernels.coincidences(a[::2], misaligned, 5)
    expected = reference.coincidences(a[::2].tolist(), b.tolist(), 5)
    assert (index_a.tolist(), index_b.tolist()) == expected


def test_another_name_of_the_same_type_will_do():
    a = np.array([1, 5, 9], np.longlong)
    assert [part.tolist() for part in kernels.coincidences(a, a, 0)] == [[0, 1, 2]] * 2


@pytest.mark.parametrize("n", [*range(20), 100])
def test_the_first_disorder_is_found_wherever_it_is(level: str, n: int):
    ascending = np.arange(n).repeat(2)[:n]
    assert kernels.first_disorder(ascending) is None
    for at in range(1, n):
        spoiled = ascending.copy()
        spoiled[at] = -1
        assert kernels.first_disorder(spoiled) == at == reference.first_disorder(spoiled.tolist())


def test_the_ends_of_the_range_are_in_order(level: str):
    assert kernels.first_disorder(times([INT64.min] * 5 + [INT64.max] * 5)) is None
    assert kernels.first_disorder(times([INT64.max] * 5 + [INT64.min] * 5)) == 5


def test_an_unsorted_stream_is_refused(level: str):
    with pytest.raises(InputError, match="b_ps must be in time order, but tag 2 at 4 ps comes after 9 ps"):
        kernels.coincidences(times([1, 2]), times([1, 9, 4]), 1)


@pytest.mark.parametrize("n", [2, 5, 9, 17, 40, 300])
def test_disorder_is_noticed_wherever_it_is(level: str, rng: np.random.Generator, n: int):
    """Blocks, stretches and ends: each looks at its own part of the streams."""
    a, b = stream(rng, n, 500 * n), stream(rng, 300, 500 * n)
    for at in range(1, n):
        spoiled = a.copy()
        spoiled[at:] -= a[at] - a[at - 1] + 1
        for first, second, name in ((spoiled, b, "a_ps"), (b, spoiled, "b_ps")):
            with pytest.raises(InputError, match=f"{name} must be in time order, but tag {at} "):
                kernels.coincidences(first, second, 30)


@pytest.mark.parametrize("window_ps", [-1, 2**63])
def test_a_window_out_of_range_is_refused(window_ps: int):
    with pytest.raises(InputError, match=f"window is 0 to .* ps, got {window_ps}"):
        kernels.coincidences(times([]), times([]), window_ps)


@pytest.mark.parametrize(
    "wrong", [np.zeros(2, np.int32), np.zeros(2), np.zeros(2, ">i8"), np.zeros((2, 2), np.int64), [1, 2]]
)
def test_other_arrays_are_refused(wrong: object):
    with pytest.raises(InputError, match="a_ps must be a one-dimensional array of int64, got"):
        kernels.coincidences(wrong, times([]), 1)


@given(
    st.lists(st.integers(-500, 500), max_size=40).map(sorted),
    st.lists(st.integers(-500, 500), max_size=40).map(sorted),
    st.integers(-300, 300),
    st.integers(1, 70),
    st.integers(0, 20),
)
@settings(deadline=None, max_examples=200)
def test_correlations_agree_with_the_oracle(
    a: list[int], b: list[int], first_ps: int, bin_ps: int, bins: int
):
    for far in (0, 2**61):
        counts = np.ones(bins, np.uint64)
        done = kernels.correlate(times(a) + far, times(b) + far, counts, first_ps=first_ps, bin_ps=bin_ps)
        assert done == len(a)
        assert (counts - np.uint64(1)).tolist() == reference.correlate(a, b, first_ps, bin_ps, bins)


def test_a_correlation_ends_after_so_many_pairs():
    counts = np.zeros(1, np.uint64)
    assert (
        kernels.correlate(times([5] * 40), times([5] * 40), counts, first_ps=0, bin_ps=1, most_pairs=100) == 2
    )
    assert counts.tolist() == [100]
    with pytest.raises(InputError, match="1 bins of 0 ps from 0 ps on are out of range"):
        kernels.correlate(times([1]), times([1]), counts, first_ps=0, bin_ps=0)

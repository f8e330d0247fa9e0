import numpy as np
import pytest

from postproc.entropy import MixedEntropy, SeededEntropy, Stream, SystemEntropy
from postproc.errors import InputError


def test_seeded_streams_repeat_and_differ_by_party_stage_block_and_draw():
    drawn = {
        SeededEntropy(seed).stream(stage, block).bytes(16)
        for seed in (b"alice", b"bob")
        for stage in ("sift", "verify")
        for block in (1, 2)
    }
    assert len(drawn) == 8
    stream = SeededEntropy(b"alice").stream("sift", 1)
    first, second = stream.bytes(16), stream.bytes(16)
    assert first in drawn
    assert second not in drawn


def test_labels_cannot_be_shifted_into_each_other():
    a = SeededEntropy(b"x").stream("a|1", 1).bytes(16)
    b = SeededEntropy(b"x").stream("a", 1).bytes(16)
    c = SeededEntropy(b"x|a").stream("1", 1).bytes(16)
    assert len({a, b, c}) == 3


def test_system_streams_do_not_repeat():
    stream = SystemEntropy().stream("sift", 1)
    assert stream.bytes(16) != stream.bytes(16)


class Worthless:
    """Always gives the same."""

    def __init__(self):
        self.asked = []

    def bytes(self, n):
        self.asked.append(n)
        return bytes(n)


def test_a_mixed_stream_uses_the_source_and_outlives_its_failure():
    source = Worthless()
    stream = MixedEntropy(source).stream("sift", 1)
    drawn = {stream.bytes(32) for _ in range(100)}
    assert source.asked == [32] * 100
    assert len(drawn) == 100


def test_a_mixed_stream_changes_with_the_source(monkeypatch):
    monkeypatch.setattr("postproc.entropy.os.urandom", bytes)
    source = Worthless()
    monkeypatch.setattr(source, "bytes", lambda n: b"\x5a" * n)
    assert MixedEntropy(source).stream("sift", 1).bytes(3) == b"\x5a" * 3


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 1000])
def test_bits_have_the_length_asked_for(n):
    assert len(SystemEntropy().stream("a", 1).bits(n)) == n


def test_samples_are_subsets_and_uniform():
    """20,000 samples of 3 out of 6: a chi-squared test over the 20 subsets at 1e-6."""
    stream = SeededEntropy(b"fixed").stream("test", 1)
    counts: dict = {}
    for _ in range(20_000):
        chosen = tuple(stream.sample(6, 3).tolist())
        assert len(set(chosen)) == 3
        assert list(chosen) == sorted(chosen)
        counts[chosen] = counts.get(chosen, 0) + 1
    assert len(counts) == 20
    chi_squared = sum((np.array(list(counts.values())) - 1000) ** 2 / 1000)
    assert chi_squared < 63.7  # exceeded with probability 1e-6 at 19 degrees of freedom


class Told(Stream):
    """Gives the numbers that it is told."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def bytes(self, n):
        numbers = np.array(self.draws.pop(0), np.uint32)
        assert n == 4 * len(numbers)
        return numbers.tobytes()


def test_a_tie_between_the_last_that_stays_and_the_first_that_goes_is_drawn_again():
    assert Told([5, 1, 5, 9]).sample(4, 1).tolist() == [1]
    assert Told([5, 1, 5, 9]).sample(4, 3).tolist() == [0, 1, 2]
    assert Told([5, 1, 5, 9], [7, 8, 2, 1]).sample(4, 2).tolist() == [2, 3]


def test_a_source_that_always_ties_is_broken():
    with pytest.raises(InputError, match="source is broken"):
        Told(*[[3, 3, 3]] * 100).sample(3, 1)


@pytest.mark.parametrize(("population", "size"), [(0, 0), (3, 0), (3, 3), (1000, 999)])
def test_samples_are_ascending_and_distinct(population, size):
    chosen = SystemEntropy().stream("sift", 1).sample(population, size)
    assert len(chosen) == size
    assert (np.diff(chosen) > 0).all()


def test_no_more_can_be_chosen_than_there_are():
    with pytest.raises(InputError, match="4 of 3"):
        SystemEntropy().stream("sift", 1).sample(3, 4)

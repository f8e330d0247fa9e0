from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulation.bench.parameters import DecoySource
from drivers.emulation.bench.seeds import word
from drivers.emulation.bench.states import PreparedStates
from tests.emulation.scenes import binomial, states


def source(**changes: object) -> DecoySource:
    fields = {
        "slot_rate_hz": 1e9,
        "intensities": (0.5, 0.1, 0.0),
        "intensity_probabilities": (0.7, 0.2, 0.1),
        "key_basis_probability": 0.9,
    }
    return DecoySource(**(fields | changes))  # type: ignore[arg-type]


def split_mix_64(seed: int, n: int) -> list[int]:
    """The generator as its authors give it, in Python's integers."""
    mask, state, output = 2**64 - 1, seed, []
    for _ in range(n):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        output.append(z ^ z >> 31)
    return output


def test_the_reference_itself_gives_the_published_numbers() -> None:
    # The first outputs for seed 1234567, as published with the generator's reference implementation.
    assert split_mix_64(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_states_are_what_the_generator_says() -> None:
    key = int(word(5, "alice", "states"))
    expected = []
    for random in split_mix_64(key, 1000):
        for half in (random & 2**32 - 1, random >> 32):
            place = (half >> 1) / 2**31
            intensity = (place >= 0.7) + (place >= 0.9)
            share = (0.7, 0.2, 0.1)[intensity]
            test_basis = place >= (0, 0.7, 0.9)[intensity] + 0.9 * share
            expected.append(test_basis | (half & 1) << 1 | intensity << 2)
    prepared = PreparedStates.of(source(), 5)
    assert prepared.at(np.arange(2000)).tolist() == expected
    assert prepared.run(0, 2000).tolist() == expected


@given(st.integers(0, 2**45), st.integers(0, 70_000))
def test_a_run_is_the_states_one_by_one(first: int, n: int) -> None:
    prepared = PreparedStates.of(source(), 7)
    assert np.array_equal(prepared.run(first, n), prepared.at(first + np.arange(n)))


@given(st.lists(st.integers(0, 2**45), max_size=30))
def test_a_slot_has_its_state_however_it_is_asked_for(slots: list[int]) -> None:
    prepared = PreparedStates.of(source(), 7)
    one_by_one = [int(prepared.at(np.array([slot]))[0]) for slot in slots]
    assert prepared.at(np.array(slots, np.int64)).tolist() == one_by_one


def test_chunks_are_the_states_in_order() -> None:
    prepared = PreparedStates.of(source(), 7)
    chunks = list(prepared.chunks(600_001))
    assert np.array_equal(states(chunks), prepared.at(np.arange(600_001)))
    assert [chunk.first_slot for chunk in chunks] == np.cumsum([0, *map(len, chunks[:-1])]).tolist()


def test_each_combination_has_its_probability() -> None:
    n = 2_000_000
    found = np.bincount(PreparedStates.of(source(), 11).at(np.arange(n)), minlength=16)
    for code in range(16):
        p_intensity = [0.7, 0.2, 0.1, 0.0][code >> 2]
        p_basis = 0.1 if code & 1 else 0.9
        assert binomial(int(found[code]), n, p_intensity * p_basis / 2)


@pytest.mark.parametrize(("probability", "bases"), [(1.0, {0}), (0.0, {1})])
def test_a_certain_basis_is_certain(probability: float, bases: set[int]) -> None:
    prepared = PreparedStates.of(source(key_basis_probability=probability), 1)
    assert set((prepared.at(np.arange(100_000)) & 1).tolist()) == bases


def test_seeds_differ() -> None:
    one, other = (PreparedStates.of(source(), seed).at(np.arange(10_000)) for seed in (1, 2))
    assert binomial(int(((one ^ other) >> 1 & 1).sum()), 10_000, 0.5)

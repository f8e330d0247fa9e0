from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import RandomnessFailed
from drivers.random_sources.health import (
    FALSE_ALARM,
    WINDOW,
    HealthTests,
    proportion_cutoff,
    repetition_cutoff,
)


def test_repetition_cutoffs_are_those_of_the_standard() -> None:
    """1 + ceil(40 / H), section 4.4.1."""
    assert [repetition_cutoff(h) for h in (8, 6, 1, 0.5)] == [6, 8, 41, 81]


@pytest.mark.parametrize("bits", [8, 6, 3, 1])
def test_proportion_cutoffs_are_those_of_the_standard(bits: int) -> None:
    """1 + critbinom(512, 2**-H, 1 - alpha), section 4.4.2, by exact arithmetic."""
    p = Fraction(1, 2**bits)

    def at_most(k: int) -> Fraction:
        return sum((comb(WINDOW, j) * p**j * (1 - p) ** (WINDOW - j) for j in range(k + 1)), Fraction(0))

    cutoff = proportion_cutoff(bits)
    alpha = Fraction(FALSE_ALARM)
    assert at_most(cutoff - 1) >= 1 - alpha
    assert at_most(cutoff - 2) < 1 - alpha


def fails(data: bytes, portions: list[int], bits: float = 8.0) -> bool:
    tests = HealthTests(bits)
    place = 0
    try:
        for portion in [*portions, len(data)]:
            tests.watch(data[place : place + portion])
            place += portion
    except RandomnessFailed:
        return True
    return False


def by_hand(data: bytes, bits: float = 8.0) -> bool:
    """The standard's own description, sample by sample."""
    run, before = 0, None
    for sample in data:
        run = run + 1 if sample == before else 1
        before = sample
        if run >= repetition_cutoff(bits):
            return True
    for begin in range(0, len(data) - WINDOW + 1, WINDOW):
        window = data[begin : begin + WINDOW]
        if window.count(window[0]) >= proportion_cutoff(bits):
            return True
    return False


@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.01, 0.03, 0.05, 0.3]),
    st.lists(st.integers(0, 700), max_size=6),
)
def test_the_tests_fail_where_the_standard_says(seed: int, stuck: float, portions: list[int]) -> None:
    random = np.random.default_rng(seed)
    samples = random.integers(0, 256, 3 * WINDOW + 100).astype(np.uint8)
    samples[random.random(len(samples)) < stuck] = samples[0]
    assert fails(samples.tobytes(), portions) == by_hand(samples.tobytes())


def test_a_good_source_passes_and_a_stuck_one_fails_across_portions() -> None:
    good = np.random.default_rng(1).bytes(10**6)
    assert not fails(good, [1000] * 900)
    assert fails(good[:100] + b"\x07" * 6 + good[100:200], [103])
    assert not fails(good[:100] + b"\x07" * 5, [103])

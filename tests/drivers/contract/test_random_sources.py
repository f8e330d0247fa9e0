"""What a random source does."""

from __future__ import annotations

import pytest

from drivers.roles import RandomSource
from tests.drivers.contract.conftest import Subject

ROLE = "random_sources"


@pytest.fixture
def source(subject: Subject) -> RandomSource:
    assert isinstance(subject.instrument, RandomSource)
    return subject.instrument


@pytest.mark.parametrize("n", [0, 1, 32, 10_000])
def test_it_gives_as_many_bytes_as_are_asked_for(source: RandomSource, n: int) -> None:
    assert len(source.bytes(n)) == n


def test_it_gives_none_twice(source: RandomSource) -> None:
    assert len({source.bytes(16) for _ in range(100)}) == 100

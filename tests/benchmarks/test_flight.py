"""Blocks in flight: known answers."""

import pytest

from qkdctl.benchmarks.flight import seconds_per_block

TURNS = (("alice", 1.0), ("bob", 2.0), ("alice", 1.0))


@pytest.mark.parametrize(
    ("round_trip_s", "in_flight", "expected"),
    [
        (0, 1, 4.0),  # one after the other
        (10, 1, 14.0),  # two messages, half a round trip each
        (0, 100, 2.0),  # the busier party sets the pace: both work 2 s a block
        (10, 100, 2.0),  # and a long line does not matter
    ],
)
def test_the_pace(round_trip_s: float, in_flight: int, expected: float):
    found = seconds_per_block(TURNS, round_trip_s, in_flight, 1000)
    assert expected <= found < expected * 1.02 + 0.02

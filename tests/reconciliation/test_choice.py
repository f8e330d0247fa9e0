"""Which way is chosen, and that both parties go it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.parameters.stages import Reconciliation
from postproc.protocols.party import charges_both_directions
from postproc.reconciliation import choosing_reconciler
from postproc.reconciliation.choice import MARGIN, WAYS, choose
from tests.support.reconciled import assert_one_key_and_one_ledger, converse, noisy_pair

rates = st.floats(0, 1e9)
trips = st.floats(0, 1)


def chosen(
    qber: float, bits_per_s: float = 0.0, round_trip_s: float = 0.0, *, both: bool = True, **fixed
) -> str:
    way = choose(qber, bits_per_s=bits_per_s, round_trip_s=round_trip_s, charge_both_directions=both, **fixed)
    return f"{way.method} {way.profile}"


@pytest.mark.parametrize("qber", [0.005, 0.02, 0.05, 0.11])
def test_where_both_directions_are_charged_and_time_does_not_matter_it_is_efficient_ldpc(qber: float):
    assert chosen(qber) == chosen(qber, 1e6, 0.3) == "ldpc efficient"


def test_faster_bits_take_the_faster_profile():
    assert chosen(0.02, 9e7) == "ldpc fast"
    assert chosen(0.02, 1e7) == "ldpc efficient"


def test_where_bobs_side_is_free_it_is_cascade_as_long_as_the_line_allows():
    assert chosen(0.02, 1e6, 0.01, both=False) == "cascade efficient"
    assert chosen(0.02, 3e8, 0.0, both=False) == "cascade fast"
    assert chosen(0.02, 1e8, 0.01, both=False) == "cascade fast"
    assert chosen(0.02, 1e8, 0.1, both=False) == "ldpc fast"


def test_what_is_given_is_not_chosen():
    assert chosen(0.02, method="cascade") == "cascade efficient"
    assert chosen(0.02, profile="fast") == "ldpc fast"
    assert chosen(0.02, 1e9, 1.0, method="cascade", profile="efficient") == "cascade efficient"


@given(st.floats(0, 0.25), rates, trips, st.booleans())
def test_nothing_cheaper_is_fast_enough(qber: float, bits_per_s: float, round_trip_s: float, both: bool):
    way = choose(qber, bits_per_s=bits_per_s, round_trip_s=round_trip_s, charge_both_directions=both)
    fast_enough = [each for each in WAYS if each.bits_per_s(qber, round_trip_s) >= MARGIN * bits_per_s]
    if fast_enough:
        assert way in fast_enough
        costs = [each.charged(qber, both_directions=both) for each in fast_enough]
        assert way.charged(qber, both_directions=both) == min(costs)


@pytest.mark.parametrize(
    ("both", "block_s", "round_trip_s", "way"),
    [
        (True, None, 0.0, "ldpc efficient"),
        (False, 1.0, 0.0, "cascade efficient"),
        (True, 2e-4, 0.0, "ldpc fast"),
    ],
)
def test_both_parties_go_the_same_way(both: bool, block_s: float | None, round_trip_s: float, way: str):
    keys = noisy_pair(12_000, 0.03, 5)
    reconciler = choosing_reconciler(charge_both_directions=both, block_s=block_s, round_trip_s=round_trip_s)
    run = converse(keys, reconciler, 0.03)
    assert_one_key_and_one_ledger(run, keys[0])
    for outcome in (run.alice, run.bob):
        assert outcome.record.figures["reconciliation_way"] == way


def test_ldpc_is_charged_in_both_directions_whoever_chooses():
    waived = ("charged-reconciliation",)
    for method in ("auto", "ldpc", "cascade"):
        correction = Reconciliation(method=method)
        assert charges_both_directions((), correction)
        assert charges_both_directions(waived, correction) == (method == "ldpc")
    keys = noisy_pair(5000, 0.03, 6)
    reconciler = choosing_reconciler(
        "auto", "auto", charge_both_directions=False, block_s=1e-4, round_trip_s=1.0
    )
    run = converse(keys, reconciler, 0.03)
    assert run.bob.record.figures["reconciliation_way"] == "ldpc fast"
    assert any(entry.speaker == "bob" for entry in run.bob.record.disclosures)

"""Planning values (the reference points check the leak)."""

from math import comb, log2, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postproc.estimation.entropy import binary_entropy, entropy_bound
from postproc.estimation.planning import ideal_tag_bits, polynomial_tag_bits, reconciliation_leak


@given(message_bits=st.integers(1, 10**9), failure=st.floats(1e-20, 0.1))
def test_a_polynomial_tag_is_as_short_as_its_bound_allows(message_bits: int, failure: float) -> None:
    bits = polynomial_tag_bits(message_bits, failure)
    assert -(-message_bits // bits) / 2**bits <= failure
    assert all(-(-message_bits // b) / 2**b > failure for b in range(1, bits))


@pytest.mark.parametrize(("eps_cor", "bits"), [(0.5, 1), (2**-34, 34), (1e-10, 34), (1e-15, 50)])
def test_an_ideal_tag_is_the_logarithm(eps_cor: float, bits: int) -> None:
    assert ideal_tag_bits(eps_cor) == bits


@given(qber=st.floats(0.005, 0.1), bits=st.integers(10**4, 10**8))
def test_finite_reconciliation_leaks_more_than_shannons_limit(qber: float, bits: int) -> None:
    leak = reconciliation_leak(bits, qber, 1e-10)
    assert bits * binary_entropy(qber) < leak < bits * (binary_entropy(qber) + 0.3)


@given(bits=st.integers(10, 60), qber=st.floats(0.01, 0.3), failure=st.floats(0.01, 0.3))
def test_the_leak_is_its_formula_with_the_quantile_found_by_counting(
    bits: int, qber: float, failure: float
) -> None:
    wanted, quantile, below = failure * (1 + 1 / sqrt(bits)), -1, 0.0
    while below < wanted:
        quantile += 1
        below += comb(bits, quantile) * (1 - qber) ** quantile * qber ** (bits - quantile)
    leak = bits * binary_entropy(qber) - 0.5 * log2(bits) + log2(failure)
    leak += (bits * (1 - qber) - quantile - 1) * log2((1 - qber) / qber)
    assume(abs(below - wanted) > 1e-9)
    assert reconciliation_leak(bits, qber, failure) == pytest.approx(leak, abs=1e-9)


def test_entropy() -> None:
    assert binary_entropy(0) == binary_entropy(1) == 0
    assert binary_entropy(0.5) == 1
    assert binary_entropy(0.11) == pytest.approx(0.499915958164528)
    assert entropy_bound(0.7) == entropy_bound(0.5) == 1
    assert entropy_bound(0.2) == binary_entropy(0.2)

"""The decoy-state formulas against a second reading of them, with 50 digits.

Written from the equations as printed, intensity by intensity and term by term.
"""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.estimation import lim2014, rusca2018
from postproc.estimation.decoy import key_length, six_logarithms
from postproc.estimation.intensities import Intensities
from postproc.estimation.statistics import Statistics

epsilons = st.sampled_from([1e-15, 1e-10, 1e-9, 1e-6, 1e-2])


@pytest.fixture(autouse=True)
def fifty_digits() -> Iterator[None]:
    with localcontext() as context:
        context.prec = 50
        yield


@st.composite
def sources(draw: st.DrawFn, n: int) -> Intensities:
    if n == 3:
        mu3 = draw(st.sampled_from([0.0, 2e-4, 0.01, 0.05]))
        mu2 = draw(st.floats(mu3 + 0.05, 0.4))
        means: tuple[float, ...] = (draw(st.floats(mu2 + mu3 + 0.05, 1.0)), mu2, mu3)
    else:
        mu2 = draw(st.floats(0.05, 0.4))
        means = (draw(st.floats(mu2 + 0.05, 1.0)), mu2)
    first = draw(st.floats(0.1, 0.7))
    rest = (1 - first) / (n - 1)
    return Intensities(means, (first,) + (rest,) * (n - 1))


@st.composite
def blocks(draw: st.DrawFn, n: int) -> Statistics:
    """Counts that follow the intensities roughly, so that the bounds are not always empty."""
    scale = 10 ** draw(st.floats(2, 9))
    counts = [int(scale * draw(st.floats(0.01, 1))) for _ in range(2 * n)]
    errors = [int(count * draw(st.floats(0, 0.2))) for count in counts]
    return Statistics(tuple(counts[:n]), tuple(counts[n:]), tuple(errors[n:]), tuple(errors[:n]))


def ln2() -> Decimal:
    return Decimal(2).ln()


def tau(source: Intensities, photons: int) -> Decimal:
    factorial = [1, 1][photons]
    total = Decimal(0)
    for k, p in zip(source.means, source.probabilities, strict=True):
        total += (
            Decimal(p) * (-Decimal(k)).exp() * (Decimal(k) ** photons if photons else Decimal(1)) / factorial
        )
    return total


def hoeffding(counts: tuple[int, ...], epsilon: Decimal) -> Decimal:
    return (Decimal(sum(counts)) / 2 * (1 / epsilon).ln()).sqrt()


def plus(source: Intensities, counts: tuple[int, ...], k: int, epsilon: Decimal) -> Decimal:
    return (
        Decimal(source.means[k]).exp()
        / Decimal(source.probabilities[k])
        * (counts[k] + hoeffding(counts, epsilon))
    )


def minus(source: Intensities, counts: tuple[int, ...], k: int, epsilon: Decimal, clamp: bool) -> Decimal:
    count = counts[k] - hoeffding(counts, epsilon)
    return (
        Decimal(source.means[k]).exp()
        / Decimal(source.probabilities[k])
        * (max(count, Decimal(0)) if clamp else count)
    )


def gamma(a: Decimal, b: Decimal, c: Decimal, d: Decimal, constant: int) -> Decimal:
    if b == 0:
        return Decimal(0)
    log_two = (((c + d) / (c * d * (1 - b) * b)) * constant**2 / a**2).ln() / ln2()
    return ((c + d) * (1 - b) * b / (c * d * ln2()) * max(log_two, Decimal(0))).sqrt()


def phase(v: Decimal, test: Decimal, key: Decimal, eps_sec: float, constant: int = 21) -> Decimal:
    half = Decimal("0.5")
    if test <= 0 or key <= 0 or v / test >= half:
        return half
    rate = max(v, Decimal(0)) / test
    return min(rate + gamma(Decimal(eps_sec), rate, test, key, constant), half)


def entropy(x: Decimal) -> Decimal:
    if x in (0, Decimal("0.5")):
        return Decimal(2) * x
    return -(x * x.ln() + (1 - x) * (1 - x).ln()) / ln2()


def length(s0: Decimal, s1: Decimal, phi: Decimal, leak: int, eps_sec: float, parts: int) -> Decimal:
    return s0 + s1 * (1 - entropy(phi)) - leak - 6 * (Decimal(parts) / Decimal(eps_sec)).ln() / ln2()


def lim(block: Statistics, source: Intensities, eps_sec: float, clamp: bool) -> dict[str, Decimal]:
    eps = Decimal(eps_sec) / 21
    mu1, mu2, mu3 = (Decimal(mu) for mu in source.means)
    found = {}
    for basis, counts in (("X", block.key), ("Z", block.test)):
        s0 = max(
            tau(source, 0)
            * (mu2 * minus(source, counts, 2, eps, clamp) - mu3 * plus(source, counts, 1, eps))
            / (mu2 - mu3),
            Decimal(0),
        )
        bracket = minus(source, counts, 1, eps, clamp) - plus(source, counts, 2, eps)
        bracket -= (mu2**2 - mu3**2) / mu1**2 * (plus(source, counts, 0, eps) - s0 / tau(source, 0))
        s1 = tau(source, 1) * mu1 * bracket / (mu1 * (mu2 - mu3) - mu2**2 + mu3**2)
        found["s0" + basis] = min(s0, Decimal(sum(counts))) if clamp else s0
        found["s1" + basis] = (
            min(max(s1, Decimal(0)), Decimal(sum(counts)) - found["s0" + basis]) if clamp else s1
        )
    errors = block.test_errors
    v = tau(source, 1) * (plus(source, errors, 1, eps) - minus(source, errors, 2, eps, clamp)) / (mu2 - mu3)
    found["v"] = max(min(v, Decimal(sum(errors))), Decimal(0)) if clamp else v
    found["phi"] = phase(found["v"], found["s1Z"], found["s1X"], eps_sec)
    found["length"] = length(found["s0X"], found["s1X"], found["phi"], 1000, eps_sec, 21)
    return found


def rusca(block: Statistics, source: Intensities, eps_sec: float, clamp: bool) -> dict[str, Decimal]:
    eps = Decimal(eps_sec) / 19
    mu1, mu2 = (Decimal(mu) for mu in source.means)
    found = {}
    assert block.key_errors is not None
    for basis, counts, errors in (
        ("Z", block.key, block.key_errors),
        ("X", block.test, block.test_errors),
    ):
        candidates = [
            2 * (tau(source, 0) * plus(source, errors, k, eps) + hoeffding(counts, eps)) for k in (0, 1)
        ]
        upper = min([*candidates, Decimal(sum(counts))]) if clamp else min(candidates)
        lower = tau(source, 0) / (mu1 - mu2)
        lower *= mu1 * minus(source, counts, 1, eps, clamp) - mu2 * plus(source, counts, 0, eps)
        bracket = minus(source, counts, 1, eps, clamp) - mu2**2 / mu1**2 * plus(source, counts, 0, eps)
        bracket -= (mu1**2 - mu2**2) / mu1**2 * upper / tau(source, 0)
        single = tau(source, 1) * mu1 / (mu2 * (mu1 - mu2)) * bracket
        lower, most = max(lower, Decimal(0)), Decimal(sum(counts))
        found |= {"u" + basis: upper, "l" + basis: min(lower, most) if clamp else lower}
        found["s1" + basis] = min(max(single, Decimal(0)), most - found["l" + basis]) if clamp else single
    errors = block.test_errors
    v = tau(source, 1) * (plus(source, errors, 0, eps) - minus(source, errors, 1, eps, clamp)) / (mu1 - mu2)
    found["v"] = max(min(v, Decimal(sum(errors))), Decimal(0)) if clamp else v
    found["phi"] = phase(found["v"], found["s1X"], found["s1Z"], eps_sec)
    found["length"] = length(found["lZ"], found["s1Z"], found["phi"], 1000, eps_sec, 19)
    return found


def same(got: float, wanted: Decimal, scale: float) -> None:
    """Agree to 1e-9, but for what cancels in doubles: terms of the size of `scale`."""
    assert got == pytest.approx(float(wanted), rel=1e-9, abs=1e-11 * scale)


def size(block: Statistics, source: Intensities) -> float:
    """Largest term of any bound: counts, weights, and the small differences they are divided by."""
    total = sum(block.key) + sum(block.test)
    return total / min(source.probabilities) / 0.05**2


@given(source=sources(3), block=blocks(3), eps_sec=epsilons, clamp=st.booleans())
def test_lim2014(source: Intensities, block: Statistics, eps_sec: float, clamp: bool) -> None:
    wanted = lim(block, source, eps_sec, clamp)
    got = lim2014.estimate(block, source, eps_sec, clamp=clamp, safe_sampling=False)
    scale = size(block, source)
    same(got.vacuum, wanted["s0X"], scale)
    same(got.test_vacuum, wanted["s0Z"], scale)
    same(got.single_photons, wanted["s1X"], scale)
    same(got.test_single_photons, wanted["s1Z"], scale)
    same(got.test_single_photon_errors, wanted["v"], scale)
    if well_conditioned(wanted["s1X"], wanted["s1Z"]):
        assert got.phase_error == pytest.approx(float(wanted["phi"]), rel=1e-6)
        real = key_length(got.vacuum, got.single_photons, got.phase_error, 1000, six_logarithms(eps_sec, 21))
        assert real == pytest.approx(float(wanted["length"]), rel=1e-9, abs=1e-6 * scale)


@given(source=sources(2), block=blocks(2), eps_sec=epsilons, clamp=st.booleans())
def test_rusca2018(source: Intensities, block: Statistics, eps_sec: float, clamp: bool) -> None:
    wanted = rusca(block, source, eps_sec, clamp)
    got = rusca2018.estimate(block, source, eps_sec, clamp=clamp, safe_sampling=False)
    scale = size(block, source)
    same(got.vacuum, wanted["lZ"], scale)
    same(got.vacuum_max, wanted["uZ"], scale)
    same(got.test_vacuum_max, wanted["uX"], scale)
    same(got.single_photons, wanted["s1Z"], scale)
    same(got.test_single_photons, wanted["s1X"], scale)
    same(got.test_single_photon_errors, wanted["v"], scale)
    if well_conditioned(wanted["s1X"], wanted["s1Z"]):
        assert got.phase_error == pytest.approx(float(wanted["phi"]), rel=1e-6)
        real = key_length(got.vacuum, got.single_photons, got.phase_error, 1000, six_logarithms(eps_sec, 19))
        assert real == pytest.approx(float(wanted["length"]), rel=1e-9, abs=1e-6 * scale)


def well_conditioned(*events: Decimal) -> bool:
    return min(events) > 1


@given(source=sources(3), block=blocks(3), eps_sec=epsilons)
def test_what_keys_are_made_with_is_never_more_hopeful_than_the_clamped_paper(
    source: Intensities, block: Statistics, eps_sec: float
) -> None:
    paper = lim2014.estimate(block, source, eps_sec, safe_sampling=False)
    ours = lim2014.estimate(block, source, eps_sec)
    strict = lim2014.estimate(block, source, eps_sec, strict_sampling=True)
    assert paper.phase_error <= ours.phase_error <= strict.phase_error <= 0.5
    assert paper.single_photons == ours.single_photons
    assert all(value < inf for value in ours.figures().values())

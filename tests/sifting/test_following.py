import numpy as np
import pytest

from postproc.sifting.following import Follower

WINDOW = 1000
SECOND = 10**12


def streams(rng, begin_s, end_s, *, pairs_hz=20e3, lone_hz=50e3, clock=lambda t: 0.0, jitter_ps=150.0):
    """Two parties' events in a stretch of time; Bob's are late by `clock(t)`, t in seconds."""
    length_s = end_s - begin_s

    def uniform(rate_hz):
        return rng.uniform(begin_s, end_s, rng.poisson(rate_hz * length_s)) * SECOND

    pairs = uniform(pairs_hz)
    alice = np.concatenate([pairs, uniform(lone_hz)])
    bob = np.concatenate([pairs, uniform(lone_hz)])
    bob = bob + clock(bob / SECOND) + rng.normal(0, jitter_ps, len(bob))
    order = np.argsort(bob)
    kept = np.flatnonzero(order < len(pairs))
    return (
        np.sort(np.rint(alice)).astype(np.int64),
        np.rint(bob[order]).astype(np.int64),
        np.sort(pairs),
        kept,
    )


def follow(clock, *, blocks=8, block_s=1.0, seed=1, **rates):
    """Largest median deviation of true pairs in any hundredth of a block."""
    rng = np.random.default_rng(seed)
    follower, worst = Follower(), []
    for block in range(blocks):
        alice, bob, pairs, partner = streams(
            rng, block * block_s, (block + 1) * block_s, clock=clock, **rates
        )
        steady = follower.steady(alice, bob, WINDOW)
        assert (np.diff(steady) >= 0).all()
        assert len(steady) == len(bob)
        left = steady[partner][: len(pairs)] - pairs[: len(partner)]
        worst += [abs(np.median(part)) for part in np.array_split(left, 20)]
    return np.array(worst)


CLOCKS = {
    "steady": lambda t: 0.0 * t,
    "5 ppb": lambda t: 5000 * t,
    "-40 ppb": lambda t: -40_000 * t,
    "offset": lambda t: 3000 + 0 * t,
    "unsteady by 1e-9 a second": lambda t: 500 * t**2,
    "wandering": lambda t: 3000 * np.sin(2 * np.pi * t / 5),
    "a satellite's Doppler shift": lambda t: 2e5 * t**2,
    "near the zenith": lambda t: (
        2e7 * np.sqrt(20**2 + (t - 4) ** 2) - 2e7 * np.sqrt(20**2 + 16) + 2e7 * 4 / 20.4 * t
    ),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_coincidences_stay_within_a_fraction_of_the_window(name):
    """An uncertainty of 5 ppb left by a preamble carries them out of a window of 1 ns in 0.1 s."""
    worst = follow(CLOCKS[name])
    assert worst.max() < 120


@pytest.mark.parametrize("rates", [{"pairs_hz": 200.0, "lone_hz": 5e3}, {"pairs_hz": 1e3, "lone_hz": 300e3}])
def test_few_coincidences_are_enough(rates):
    worst = follow(CLOCKS["5 ppb"], blocks=5, block_s=4.0, **rates)
    assert np.median(worst) < 150
    assert worst.max() < 500


def test_it_goes_on_where_the_block_before_ended():
    """Each block alone would have to find microseconds."""
    worst = follow(lambda t: 40_000 * t, blocks=40, block_s=0.5)
    assert worst.max() < 120


def test_without_coincidences_nothing_is_made_up():
    follower = Follower()
    rng = np.random.default_rng(2)
    alice, bob, *_ = streams(rng, 0.0, 2.0, pairs_hz=0.0)
    assert np.array_equal(follower.steady(alice, bob, WINDOW), bob)
    assert follower.offset_at(10**12) == 0
    for nothing in (np.empty(0, np.int64), np.array([5], np.int64)):
        assert np.array_equal(follower.steady(alice, nothing, WINDOW), nothing)
        assert np.array_equal(follower.steady(nothing, bob, WINDOW), bob)


def test_a_block_without_light_does_not_lose_the_clock():
    rng = np.random.default_rng(3)
    follower = Follower()
    clock = CLOCKS["5 ppb"]
    for block, pairs_hz in enumerate([20e3, 20e3, 0.0, 20e3]):
        alice, bob, pairs, partner = streams(rng, block, block + 1, clock=clock, pairs_hz=pairs_hz)
        steady = follower.steady(alice, bob, WINDOW)
    assert abs(np.median(steady[partner][: len(pairs)] - pairs[: len(partner)])) < 60


@pytest.mark.parametrize("gap_s", [1.0, 5.0])
def test_after_a_gap_it_locks_again_by_itself(gap_s):
    """The ramp of 0.1 ppm/s goes on meanwhile: in 5 s the clock strays by microseconds from the drift of before."""
    rng, follower = np.random.default_rng(5), Follower()

    def clock(t):
        return 5e4 * t**2

    for begin_s in (0.0, 1.0, 2.0 + gap_s):
        alice, bob, pairs, partner = streams(rng, begin_s, begin_s + 1, clock=clock)
        steady = follower.steady(alice, bob, WINDOW)
    left = steady[partner][: len(pairs)] - pairs[: len(partner)]
    assert abs(np.median(left)) < 60
    assert np.mean(np.abs(left) < WINDOW / 2) > 0.95


def test_many_events_at_once_cost_no_more_than_others():
    """A list that only an enemy would send: differences are thinned, not gathered."""
    follower = Follower()
    alice = np.sort(np.random.default_rng(4).integers(0, SECOND, 100_000))
    follower.steady(alice, np.full(100_000, alice[50_000]), WINDOW)
    follower.steady(np.full(100_000, alice[50_000]), np.full(100_000, alice[50_000]), WINDOW)

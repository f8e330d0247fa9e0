"""The observables: false alarms as rare as promised, detections as likely as stated."""

import numpy as np
import pytest
from scipy.stats import poisson

from postproc.errors import BlockRefused
from postproc.sifting.observables import (
    ARRIVALS,
    NOISE,
    Memory,
    Seen,
    Watch,
    arrival_detection,
    blocks_until_noticed,
    check,
    is_noisy,
    noise_detection,
    noise_false_alarm,
    widest_spread,
)

WATCH = Watch(arrival_rms_ps=60.0, noise_hz=400.0, false_alarm=0.002)
HONEST = Seen(arrivals=10_000, arrival_rms_ps=60.0, noise=80, dark_s=0.2)


def refused(watch, seen, memory=None):
    try:
        check(watch, seen, memory)
    except BlockRefused:
        return True
    return False


def test_an_honest_block_passes():
    check(WATCH, HONEST)
    check(WATCH, HONEST._replace(noise=10**6))


def test_a_refusal_names_its_observable_and_both_figures():
    with pytest.raises(BlockRefused, match=rf"^{ARRIVALS}: .*by 90 ps.*calibrated are 60 ps"):
        check(WATCH, HONEST._replace(arrival_rms_ps=90.0))
    with pytest.raises(BlockRefused, match=rf"^{NOISE}: 3 events .* where 80 are due"):
        check(WATCH, HONEST._replace(noise=3))


@pytest.mark.parametrize("due", [0.5, 3.0, 54.0, 700.0, 1e5])
@pytest.mark.parametrize("alpha", [1e-2, 1e-6, 1e-9])
def test_the_noise_test_alarms_no_more_than_it_says(due, alpha):
    """Exactly: the probability of all counts that are refused, by the Poisson distribution."""
    refused = [count for count in range(int(due) + 2) if not is_noisy(count, due, alpha)]
    assert refused == list(range(len(refused)))
    worst = poisson.cdf(len(refused) - 1, due) if refused else 0.0
    assert worst <= alpha
    if due >= 54:
        assert refused


def test_false_alarms_of_the_arrivals_are_as_rare_as_promised():
    random = np.random.default_rng(1)
    strict = Watch(arrival_rms_ps=60.0, noise_hz=400.0, arrival_tolerance=0.0, false_alarm=0.1)
    spreads = random.normal(0, 60, (4000, 2000)).std(axis=1)
    alarms = int((spreads > widest_spread(strict, 2000)).sum())
    # Half of the false-alarm rate is this test's: 200 of 4000, at five standard deviations.
    assert 120 < alarms < 275


@pytest.mark.parametrize("blinded", [0.0, 0.3, 0.6, 1.0])
def test_blinding_is_noticed_as_often_as_stated(blinded):
    random = np.random.default_rng(2)
    stated = noise_detection(WATCH, 0.2, blinded)
    counts = random.poisson(80 * (1 - blinded), 2000)
    noticed = sum(refused(WATCH, HONEST._replace(noise=int(count))) for count in counts)
    assert abs(noticed - 2000 * stated) <= 5 * np.sqrt(2000 * stated * (1 - stated)) + 1
    assert stated == pytest.approx({0.0: 0, 1.0: 1}.get(blinded, stated), abs=WATCH.false_alarm)


def test_many_blocks_together_notice_what_one_cannot():
    """A third of the time blinded, in blocks with 80 dark counts."""
    random, watch = np.random.default_rng(4), Watch(arrival_rms_ps=60.0, noise_hz=400.0)
    assert noise_detection(watch, 0.2, 0.3) < 0.01
    stated = blocks_until_noticed(watch, 0.2, 0.3)
    assert 2 <= stated <= 32
    found = []
    for _ in range(200):
        memory = Memory()
        counts = iter(random.poisson(80 * 0.7, 200).tolist())
        found.append(
            next(n for n, k in enumerate(counts, 1) if refused(watch, HONEST._replace(noise=k), memory))
        )
    assert np.mean(np.array(found) <= stated) >= 0.98
    assert blocks_until_noticed(watch, 0.2, 0.001) is None
    assert blocks_until_noticed(watch, 0.2, 1.0) == 1


def test_the_false_alarm_rate_is_for_a_block_whatever_came_before():
    random, watch = np.random.default_rng(5), Watch(arrival_rms_ps=60.0, noise_hz=400.0, false_alarm=0.01)
    memory = Memory()
    alarms = sum(refused(watch, HONEST._replace(noise=int(k)), memory) for k in random.poisson(80, 20_000))
    # At most half of 1 % of them, and they come in groups; without the halving there would be thousands.
    assert alarms < 100
    total = sum(noise_false_alarm(watch, 2**doubling) for doubling in range(40))
    assert total == pytest.approx(watch.false_alarm / 2)


@pytest.mark.parametrize("blocks", [1, 4, 16])
def test_windows_hold_the_last_blocks(blocks):
    memory = Memory()
    for number in range(1, 20):
        windows = list(memory.windows(number, 1.0))
    assert (blocks, sum(range(20 - blocks, 20)), float(blocks)) in windows
    assert [size for size, _, _ in windows] == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(("shifted", "shift_ps"), [(0.0, 100.0), (0.05, 150.0), (0.1, 100.0), (0.5, 300.0)])
def test_time_shifts_are_noticed_as_often_as_stated(shifted, shift_ps):
    random = np.random.default_rng(3)
    watch = Watch(arrival_rms_ps=60.0, noise_hz=400.0, arrival_tolerance=0.02, false_alarm=0.01)
    n, runs = 3000, 800
    times = random.normal(0, 60, (runs, n))
    times += (random.random((runs, n)) < shifted) * random.choice([-shift_ps, shift_ps], (runs, n))
    noticed = int((times.std(axis=1) > widest_spread(watch, n)).sum())
    stated = arrival_detection(watch, n, shifted, shift_ps)
    assert abs(noticed - runs * stated) <= 5 * np.sqrt(runs * max(stated * (1 - stated), 0.002)) + 5


def test_a_block_without_any_click_is_not_noisy_enough():
    empty = Seen(arrivals=0, arrival_rms_ps=0.0, noise=0, dark_s=0.2)
    with pytest.raises(BlockRefused, match=NOISE):
        check(WATCH, empty)
    check(WATCH, empty._replace(dark_s=0.0))

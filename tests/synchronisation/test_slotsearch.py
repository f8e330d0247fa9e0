import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.synchronisation.slotsearch import Detections, SlotSearch


def everywhere(sent, reach):
    """All places where the preamble and detections in slots 0 to `reach` - 1 can meet."""
    return range(1 - len(sent), reach)


def transmission(
    rng, start, *, slots=20_000, reach=45_000, n=1500, error=0.02, background=0.1, shift=(0,) * 4
):
    """States, and what Bob detects of them if they begin in his slot `start`."""
    sent = rng.integers(0, 16, slots).astype(np.uint8)
    place = np.sort(rng.choice(slots, n, replace=False))
    basis = rng.integers(0, 2, n)
    bit = np.where(basis == sent[place] & 1, sent[place] >> 1 & 1, rng.integers(0, 2, n))
    bit = np.where(rng.random(n) < error, 1 - bit, bit)
    stray = rng.random(n) < background
    outcome = np.where(stray, rng.integers(0, 4, n), 2 * basis + bit).astype(np.uint8)
    slot = np.where(stray, rng.integers(0, reach, n), place + start + np.asarray(shift)[outcome])
    order = np.argsort(slot)
    slot, outcome = slot[order], outcome[order]
    inside = (slot >= 0) & (slot < reach)
    slot, outcome = slot[inside], outcome[inside]
    return sent, Detections(slot, outcome, outcome >> 1, outcome & 1)


@given(st.integers(-10_000, 35_000), st.integers(0, 10**6))
@settings(max_examples=25)
def test_the_preamble_is_found_where_it_is(start, seed):
    """Also where Bob's detections begin or end within it."""
    sent, seen = transmission(np.random.default_rng(seed), start)
    lock = SlotSearch(sent).find(seen, everywhere(sent, 45_000))
    assert lock.start == start
    assert lock.log_false_alarm < np.log(1e-9)
    assert lock.agreeing <= lock.matched <= len(seen.slot)


@pytest.mark.parametrize("shift", [(0, 0, 0, 0), (0, 5, -3, 2), (-7, 0, 0, 0), (1, 1, -1, -1)])
def test_detectors_may_be_whole_slots_apart(shift):
    sent, seen = transmission(np.random.default_rng(1), 12_345, shift=shift)
    lock = SlotSearch(sent, max_shift=12).find(seen, everywhere(sent, 45_000))
    assert {c: lock.start + s for c, s in lock.shift.items()} == {c: 12_345 + s for c, s in enumerate(shift)}
    assert lock.log_weakest < np.log(1e-6)


def test_a_detector_whose_place_is_uncertain_is_named():
    sent, seen = transmission(np.random.default_rng(1), 12_345)
    few = np.flatnonzero(seen.channel == 3)[8:]
    seen = Detections(*(np.delete(part, few) for part in seen[:4]))
    lock = SlotSearch(sent, max_shift=5).find(seen, everywhere(sent, 45_000))
    assert lock.start + lock.shift[0] == 12_345
    assert lock.weakest == 3
    assert lock.log_weakest > np.log(1e-6)


@pytest.mark.parametrize("max_shift", [0, 3])
def test_other_states_fit_nowhere_more_often_than_chance(max_shift):
    """At a false alarm of 0.05, 60 tries see 9 or more with a probability below 0.3 %."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        _, seen = transmission(rng, 0, slots=2000, reach=5000, n=300)
        other = rng.integers(0, 16, 2000).astype(np.uint8)
        found = SlotSearch(other, max_shift).find(seen, everywhere(other, 5000))
        alarms += found.log_false_alarm < np.log(0.05)
    assert alarms < 9


def test_the_same_detections_backwards_fit_nowhere():
    sent, seen = transmission(np.random.default_rng(2), 10_000)
    backwards = Detections(44_999 - seen.slot[::-1], *(part[::-1] for part in seen[1:4]))
    assert SlotSearch(sent).find(backwards, everywhere(sent, 45_000)).log_false_alarm > np.log(1e-3)


@pytest.mark.parametrize("background", [0.0, 0.5])
@pytest.mark.parametrize("max_shift", [0, 3])
def test_a_quick_look_finds_what_is_clear(background, max_shift):
    """With all detections or with a part of them, the place is the same."""
    sent, seen = transmission(
        np.random.default_rng(3), 17_000, n=9000, background=background, slots=40_000, reach=80_000
    )
    seen = seen._replace(signal=1 - background)
    search = SlotSearch(sent, max_shift)
    locks = [search.find(seen, range(10_000, 30_000), thoroughly=thoroughly) for thoroughly in (False, True)]
    assert locks[0] == locks[1]
    assert locks[0].start + locks[0].shift[0] == 17_000


def test_nothing_to_slide_is_no_lock():
    nothing = np.empty(0, np.uint8)
    search = SlotSearch(np.zeros(100, np.uint8))
    assert search.find(Detections(np.empty(0, np.int64), *[nothing] * 3), range(5), thoroughly=False) is None
    _, seen = transmission(np.random.default_rng(3), 0)
    assert search.find(seen, range(0)) is None

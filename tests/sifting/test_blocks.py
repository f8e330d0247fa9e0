from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.blocks import ClickBlock, StateBlock
from postproc.conversation.frames import unpack
from postproc.conversation.record import BlockRecord, Transcript
from postproc.errors import InputError
from postproc.runner import Chain, run
from postproc.sifting.blocks import CutClicks, CutStates
from postproc.sifting.grid import Grid
from postproc.synchronisation.convert import MAX_SHIFT_PS
from postproc.synchronisation.stage import ClockLocked
from postproc.timetags.types import Gap, StateChunk, TagChunk
from postproc.types import Alarm, End

SESSION = bytes(range(16))
PREAMBLE = BlockRecord(
    SESSION, 0, transcript=Transcript((b"hello",), (b"hello",)), figures={"offset_ps": 5.0}
)
UNIT = 1_000_000  # a fraction of what delays may shift


def locked(first):
    return ClockLocked(PREAMBLE, first)


@st.composite
def recordings(draw):
    """Clicks, each shifted by a delay of its detector, and two ways to cut the recording in chunks."""
    length = draw(st.integers(5, 60)) * UNIT
    times = np.sort(np.array(draw(st.lists(st.integers(0, length - 1), max_size=60)), np.int64))
    channels = np.array([draw(st.integers(0, 3)) for _ in times], np.uint8)
    delays = np.array(
        draw(st.lists(st.integers(-MAX_SHIFT_PS + 1, MAX_SHIFT_PS - 1), min_size=4, max_size=4))
    )
    ways = [[0, *sorted(draw(st.sets(st.integers(1, length - 1), max_size=6))), length] for _ in range(2)]
    return times, channels, delays, ways


def converted(times, channels, delays, edges):
    """Chunks as a converter gives them: delays off, ascending within a chunk only."""
    for start, stop in pairwise(edges):
        first, last = np.searchsorted(times, (start, stop))
        shifted = times[first:last] + delays[channels[first:last]]
        order = np.argsort(shifted, kind="stable")
        yield TagChunk(start, stop, shifted[order], channels[first:last][order])


def clicks_of(block):
    return list(zip(block.time_ps.tolist(), block.channel.tolist(), strict=True))


@given(recordings(), st.integers(0, 20), st.integers(1, 30))
def test_blocks_of_clicks_do_not_depend_on_the_chunks(recording, first, length):
    times, channels, delays, ways = recording
    cuts = [
        list(
            run(
                [CutClicks(Grid(length * UNIT))],
                [locked(first * UNIT), *converted(times, channels, delays, edges)],
            )
        )
        for edges in ways
    ]
    blocks = [[m for m in cut if isinstance(m, ClickBlock)] for cut in cuts]
    assert len(blocks[0]) == len(blocks[1]) == max((ways[0][-1] - first * UNIT) // (length * UNIT), 0)
    for one, other in zip(*blocks, strict=True):
        assert (one.record, one.start_ps, one.stop_ps) == (other.record, other.start_ps, other.stop_ps)
        assert sorted(zip(one.time_ps, one.channel, strict=True)) == sorted(
            zip(other.time_ps, other.channel, strict=True)
        )
        assert (np.diff(one.time_ps) >= 0).all()
    everything = np.sort(times + delays[channels])
    begin, end = first * UNIT, (first + len(blocks[0]) * length) * UNIT
    got = np.concatenate([np.empty(0, np.int64), *(block.time_ps for block in blocks[0])])
    assert np.array_equal(got, everything[(everything >= begin) & (everything < end)])


@given(recordings(), st.integers(0, 20), st.integers(1, 30))
def test_what_is_left_over_is_told_once(recording, first, length):
    times, channels, delays, ways = recording
    out = list(
        run(
            [CutClicks(Grid(length * UNIT))],
            [locked(first * UNIT), *converted(times, channels, delays, ways[0])],
        )
    )
    blocks = [m for m in out if isinstance(m, ClickBlock)]
    alarms = [m for m in out if isinstance(m, Alarm)]
    left_ps = ways[0][-1] - first * UNIT - len(blocks) * length * UNIT
    if left_ps > 0:
        (alarm,) = alarms
        assert alarm.name == "block-unfilled"
        assert alarm.subject == f"block {len(blocks) + 1}"
        assert alarm.figures["left_s"] == pytest.approx(left_ps * 1e-12)
        assert alarm.severity == ("info" if blocks else "warning")
    else:
        assert not alarms
    assert isinstance(out[-1], End)


@pytest.mark.parametrize("slot_hz", [50e6, 3e8, 7e7])
def test_blocks_of_slots_tile_the_time_though_slots_have_no_whole_period(slot_hz):
    period = 1e12 / slot_hz
    chunks = [
        TagChunk(i * 10**9, (i + 1) * 10**9, np.empty(0, np.int64), np.empty(0, np.uint8)) for i in range(30)
    ]
    out = list(run([CutClicks(Grid(100_001, period, -0.5))], [locked(777), *chunks]))
    blocks = [m for m in out if isinstance(m, ClickBlock)]
    assert len(blocks) > 5
    assert blocks[0].start_ps == round(776.5 * period)
    assert all(one.stop_ps == other.start_ps for one, other in pairwise(blocks))


def test_a_gap_goes_with_every_block_that_it_touches():
    gap = Gap(15, 25, "overflow", 4)
    chunks = [TagChunk(0, 40, np.array([5, 30], np.int64), np.zeros(2, np.uint8), (gap,))]
    out = list(run([CutClicks(Grid(10))], [locked(0), *chunks]))
    assert [m.gaps for m in out if isinstance(m, ClickBlock)] == [(), (gap,), (gap,), ()]


def test_gaps_reach_to_their_last_instant_and_blocks_end_before_their_stop():
    gaps = (Gap(5, 9, "dropped"), Gap(20, 20, "dropped"), Gap(30, 30, "dropped"))
    chunks = [TagChunk(0, 40, np.array([5, 35], np.int64), np.zeros(2, np.uint8), gaps)]
    out = list(run([CutClicks(Grid(10))], [locked(0), *chunks]))
    assert [m.gaps for m in out if isinstance(m, ClickBlock)] == [gaps[:1], (), gaps[1:2], gaps[2:]]


def test_gaps_that_delays_have_widened_beyond_their_chunks_join_and_reach_the_blocks_beside():
    halves = Gap(38 * UNIT, 43 * UNIT, "overflow", 3), Gap(36 * UNIT, 51 * UNIT, "overflow", 0)
    none = np.empty(0, np.int64), np.empty(0, np.uint8)
    chunks = [
        TagChunk(0, 40 * UNIT, *none, halves[:1]),
        TagChunk(40 * UNIT, 80 * UNIT, *none, halves[1:]),
    ]
    out = list(run([CutClicks(Grid(20 * UNIT))], [locked(0), *chunks]))
    whole = (Gap(36 * UNIT, 51 * UNIT, "overflow", 3),)
    assert [m.gaps for m in out if isinstance(m, ClickBlock)] == [(), whole, whole, ()]


def test_the_books_of_every_block_hold_the_preamble():
    chunks = [TagChunk(0, 40, np.array([5, 30], np.int64), np.zeros(2, np.uint8))]
    out = [m for m in run([CutClicks(Grid(10))], [locked(0), *chunks]) if isinstance(m, ClickBlock)]
    assert [m.record.block for m in out] == [1, 2, 3, 4]
    assert {m.record.preamble for m in out} == {PREAMBLE.transcript}
    assert {m.record.session for m in out} == {SESSION}
    assert [m.record.figures for m in out] == [PREAMBLE.figures, {}, {}, {}]


@pytest.mark.parametrize("cutter", [CutClicks(Grid(10)), CutStates(10)])
def test_without_a_lock_there_are_no_blocks(cutter):
    chunks = [
        TagChunk(0, 40, np.array([5, 30], np.int64), np.zeros(2, np.uint8)),
        StateChunk(0, np.zeros(50, np.uint8)),
    ]
    out = list(run([cutter], chunks))
    assert not [m for m in out if isinstance(m, ClickBlock | StateBlock | Alarm)]


def test_chunks_from_before_the_first_block_are_not_kept():
    cutter = CutClicks(Grid(10**12))
    list(cutter.feed("in", locked(10**13)))
    for i in range(100):
        list(
            cutter.feed(
                "in", TagChunk(i * 10**11, (i + 1) * 10**11, np.empty(0, np.int64), np.empty(0, np.uint8))
            )
        )
    assert len(cutter._chunks) <= 1


@given(
    st.integers(0, 30),
    st.lists(st.integers(0, 12), min_size=1, max_size=8),
    st.integers(0, 40),
    st.integers(1, 9),
)
def test_blocks_of_states_are_the_slots_that_they_say(start, sizes, first, length):
    chunks, slot = [], start
    for size in sizes:
        chunks.append(StateChunk(slot, (np.arange(slot, slot + size) % 16).astype(np.uint8)))
        slot += size
    first = max(first, start)
    out = list(run([CutStates(length)], [locked(first), *chunks]))
    blocks = [m for m in out if isinstance(m, StateBlock)]
    assert len(blocks) == max((slot - first) // length, 0)
    for number, block in enumerate(blocks):
        assert block.first_slot == first + number * length
        assert block.states.tolist() == [s % 16 for s in range(block.first_slot, block.first_slot + length)]
    left = slot - first - len(blocks) * length
    assert [m.figures["left_slots"] for m in out if isinstance(m, Alarm)] == ([left] if left > 0 else [])


def test_missing_states_are_named():
    chunks = [StateChunk(0, np.zeros(5, np.uint8)), StateChunk(7, np.zeros(5, np.uint8))]
    with pytest.raises(InputError, match="go on with slot 7 where slot 5 was due"):
        list(run([CutStates(4)], [locked(0), *chunks]))


def cutter(blocks):
    """A cutter whose recording makes so many blocks, and is over."""
    chain = Chain([CutStates(10)])
    chain.feed(locked(0))
    chain.feed(StateChunk(0, np.zeros(10 * blocks, np.uint8)))
    return chain


def carry(one, other):
    while one.outbox:
        other.hear(one.outbox.popleft())


def test_an_end_waits_until_the_other_party_knows():
    alice, bob = cutter(3), cutter(3)
    alice.feed(End())
    assert End() not in alice.results
    assert not alice.enough
    carry(alice, bob)
    assert bob.enough
    carry(bob, alice)
    assert alice.results[-1] == End()
    assert alice.enough
    assert End() not in bob.results
    bob.feed(End())
    assert bob.results[-1] == End()
    assert not bob.outbox


def test_what_is_dark_after_the_end_was_agreed_on_is_no_news():
    alice, bob = cutter(3), cutter(3)
    alice.feed(End())
    carry(alice, bob)
    bob.feed(Alarm("count-drop", "error", "Bob's detectors", {}, "Look."))
    assert not [message for message in bob.results if isinstance(message, Alarm)]


@pytest.mark.parametrize("blocks", [(2, 4), (4, 2), (3, 3)])
def test_both_may_end_at_once(blocks):
    alice, bob = map(cutter, blocks)
    for chain in (alice, bob):
        chain.feed(End())
    carry(alice, bob)
    carry(bob, alice)
    for chain in (alice, bob):
        assert [message for message in chain.results if message == End()] == [End()]
        assert not chain.outbox


def test_an_end_does_not_wait_for_a_party_that_is_gone():
    alice = cutter(3)
    alice.feed(End())
    alice.finish()
    assert [message for message in alice.results if message == End()] == [End()]


def test_whoever_ends_before_the_block_that_was_agreed_on_says_so():
    """Bob has agreed to Alice's five blocks, and his recording ends after two."""
    alice, bob = cutter(5), cutter(2)
    alice.feed(End())
    carry(alice, bob)
    bob.feed(End())
    assert bob.results[-1] == End()
    assert len(bob.outbox) == 2
    said = list(bob.outbox)
    carry(bob, alice)
    assert len({unpack(data).sequence for data in said}) == 2
    assert alice.results[-1] == End()

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.blocks import SiftedBlock, StateBlock
from postproc.conversation.messages import encode
from postproc.conversation.record import BlockRecord
from postproc.entropy import SeededEntropy
from postproc.outcome import BlockEnded
from postproc.parameters.receiver import Bases
from postproc.sifting.events import events
from postproc.sifting.grid import Grid
from postproc.sifting.slots import Matches, SiftSlots, SlotAnnouncement
from tests.support.hostile import Liar, altered
from tests.support.profiles import SHARED_FIXTURE
from tests.support.sifting import click_block, sift
from tests.support.streams import receiver, states_of

SESSION = bytes(range(16))
BASES = Bases()
periods = st.sampled_from([1000.0, 1e12 / 3e8, 20_000.0, 1e6])


def step(period, gate_ps, n_intensities=4, **changes):
    return SiftSlots(receiver(**changes), BASES, period, gate_ps, n_intensities)


@st.composite
def transmissions(draw):
    """A block of slots anywhere in a session, with clicks in and between them."""
    period = draw(periods)
    first, length = draw(st.integers(0, 10**12)), draw(st.integers(1, 40))
    grid = Grid(length, period, -0.5)
    start, stop = grid.edge_ps(first, 1), grid.edge_ps(first, 2)
    times = sorted(draw(st.lists(st.integers(start, max(stop - 1, start)), max_size=40)))
    channels = draw(st.lists(st.integers(0, 4), min_size=len(times), max_size=len(times)))
    gate = draw(st.integers(1, int(period)))
    hold_off = draw(st.sampled_from([0, 300, 2000, 50_000]))
    bob = click_block(times, channels, start, stop)
    alice = StateBlock(BlockRecord(SESSION, 1), first, states_of(np.arange(first, first + length)))
    return step(period, gate, hold_off_ps=hold_off, double_click_ps=200), alice, bob


def oracle(by, alice, bob):
    """Slot, basis and bit of every event in a gate, the first in its slot; in exact fractions."""
    seen = events(bob, by.receiver, BASES, SeededEntropy(b"bob").stream("sift", 1))
    period, found = Fraction(by.period_ps), {}
    for time, basis, bit in zip(seen.time_ps.tolist(), seen.basis, seen.bit, strict=True):
        slot = round(time / period)
        if abs(time - slot * period) <= Fraction(by.gate_ps, 2) and 0 <= slot - alice.first_slot < len(
            alice.states
        ):
            found.setdefault(slot - alice.first_slot, (int(basis), int(bit)))
    return found


@given(transmissions())
@settings(max_examples=150)
def test_both_parties_keep_the_same_events(transmission):
    by, alice, bob = transmission
    result = sift(by, alice, bob)
    detections = oracle(by, alice, bob)
    said = result.message("bob", SlotAnnouncement)
    assert said.slot.tolist() == sorted(detections)
    assert said.basis.to_array().tolist() == [detections[slot][0] for slot in sorted(detections)]
    matching = [slot for slot in sorted(detections) if alice.states[slot] & 1 == detections[slot][0]]
    for party in (result.alice, result.bob):
        assert isinstance(party, SiftedBlock)
        for basis, bits, intensity in (
            (0, party.key, party.key_intensity),
            (1, party.test, party.test_intensity),
        ):
            slots = [slot for slot in matching if detections[slot][0] == basis]
            assert intensity.tolist() == [alice.states[slot] >> 2 for slot in slots]
            own = (
                alice.states if party is result.alice else {slot: detections[slot][1] << 1 for slot in slots}
            )
            assert bits.to_array().tolist() == [own[slot] >> 1 & 1 for slot in slots]
        assert party.record.figures["key_bits"] == len(party.key)
        assert party.record.figures["test_bits"] == len(party.test)
    assert result.alice.record.transcript == result.bob.record.transcript
    figures = result.bob.record.figures
    assert (
        figures["events"] - figures["gated_out"] == len(detections) == result.alice.record.figures["events"]
    )


def test_the_first_event_in_the_gate_counts_not_the_first_in_the_slot():
    """A stray click at the slot's edge takes nothing away."""
    alice = StateBlock(BlockRecord(SESSION, 1), 0, np.zeros(3, np.uint8))
    bob = click_block([510_000, 1_000_000, 1_400_000], [1, 0, 1], -500_000, 2_500_000)
    result = sift(step(1e6, 1000, hold_off_ps=1000), alice, bob)
    assert result.message("bob", SlotAnnouncement).slot.tolist() == [1]
    assert result.bob.key.to_array().tolist() == [0]
    assert result.bob.record.figures["gated_out"] == 2


GOOD = StateBlock(BlockRecord(SESSION, 1), 0, states_of(np.arange(50)))
CLICKS = click_block(np.arange(5, 45, 3) * 100_000, np.arange(14) % 4, -50_000, 4_950_000)
STEP = step(1e5, 50_000)
EMPTY = np.empty(0, np.uint32)


def announced(slots, basis=None):
    from postproc.bits import Bits

    slots = np.array(slots, np.uint32)
    return SlotAnnouncement(slots, Bits.zeros(len(slots) if basis is None else basis))


@pytest.mark.parametrize(
    "lie",
    [announced([3, 3]), announced([4, 3]), announced([50]), announced([0, 2**32 - 1]), announced([1, 2], 3)],
)
def test_announced_slots_that_cannot_be_end_the_block(lie):
    result = sift(STEP, GOOD, CLICKS, wire=Liar("bob", 0, lambda payload: encode(lie)))
    assert isinstance(result.alice, BlockEnded)
    assert isinstance(result.bob, BlockEnded)
    assert "not a list of ascending slots within the block" in result.alice.reason
    assert result.alice.outcome == "aborted"


def test_matches_that_do_not_fit_end_the_block():
    from postproc.bits import Bits

    n = len(sift(STEP, GOOD, CLICKS).message("bob", SlotAnnouncement).slot)
    for lie in (
        Matches(Bits.zeros(n + 1), np.empty(0, np.uint8)),
        Matches(Bits.zeros(n), np.zeros(1, np.uint8)),
        Matches(Bits.from_array(np.ones(n)), np.full(n, 4, np.uint8)),
        Matches(Bits.from_array(np.ones(n)), np.zeros(n - 1, np.uint8)),
    ):
        result = sift(STEP, GOOD, CLICKS, wire=Liar("alice", 0, lambda payload, lie=lie: encode(lie)))
        assert isinstance(result.bob, BlockEnded)
        assert "do not fit what was announced" in result.bob.reason


@given(data=st.data())
@settings(suppress_health_check=SHARED_FIXTURE)
def test_no_message_upsets_the_other_party(data):
    sender = data.draw(st.sampled_from(["alice", "bob"]))
    result = sift(STEP, GOOD, CLICKS, wire=Liar(sender, 0, lambda payload: data.draw(altered(payload))))
    # Whoever was lied to has sifted bits that fit his own, or ended the block; nobody raised.
    listener = result.bob if sender == "alice" else result.alice
    assert isinstance(listener, SiftedBlock | BlockEnded)


def test_nothing_was_sent_and_nothing_was_seen():
    result = sift(
        STEP, StateBlock(BlockRecord(SESSION, 1), 0, np.empty(0, np.uint8)), click_block([], [], 0, 0)
    )
    assert len(result.alice.key) == len(result.bob.test) == 0

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.bits import Bits
from postproc.blocks import SiftedBlock
from postproc.conversation.messages import encode
from postproc.entropy import SeededEntropy
from postproc.outcome import BlockEnded
from postproc.parameters.receiver import Bases
from postproc.sifting.events import events
from postproc.sifting.pairs import Kept, PairAnnouncement, SiftPairs
from tests.support.hostile import Liar, altered
from tests.support.profiles import SHARED_FIXTURE
from tests.support.sifting import click_block, sift
from tests.support.streams import PairScene, receiver

BASES = Bases()
ALICE, BOB = receiver(0), receiver(4)
LENGTH = 10**9


def step(*, window_ps=1000, bin_ps=100, sizes=None, alice=ALICE, bob=BOB):
    return SiftPairs(alice, bob, BASES, window_ps, bin_ps, sizes)


def both(step, alice_block, bob_block, **more):
    """Two isolated parties: each has a step of its own, as each has a follower of its own."""
    twin = step.__class__(
        step.alice_receiver, step.bob_receiver, step.bases, step.window_ps, step.bin_ps, step.sample_sizes
    )
    return sift(step, alice_block, bob_block, alice_step=twin, **more)


def blocks(seed=1, **scene):
    """Clicks of pairs in a block of 20 ms."""
    (alice, a), (bob, b) = PairScene(duration_s=0.02, **scene).clicks(seed)
    return [click_block(*party, 0, 20 * LENGTH) for party in ((alice, a), (bob, b + np.uint8(4)))]


def own_events(block, by, role):
    return events(block, by, BASES, SeededEntropy(role).stream("sift", 1))


def test_without_noise_both_hold_the_same_bits():
    clicks = blocks(pairs_hz=200e3, alice_hz=0, bob_hz=0, error=0, jitter_ps=100)
    result = both(step(), *clicks)
    assert result.alice.key == result.bob.key
    assert result.alice.test == result.bob.test
    assert len(result.alice.key) > 500
    assert len(result.alice.test) > 500


@given(
    seed=st.integers(0, 10**6),
    bin_ps=st.sampled_from([1, 100, 156, 1000]),
    sizes=st.one_of(st.none(), st.tuples(st.integers(1, 300), st.integers(1, 300))),
)
@settings(max_examples=40)
def test_both_parties_keep_the_same_events(seed, bin_ps, sizes):
    clicks = blocks(seed)
    by = step(bin_ps=bin_ps, sizes=sizes)
    result = both(by, *clicks)
    seen = {"alice": own_events(clicks[0], ALICE, b"alice"), "bob": own_events(clicks[1], BOB, b"bob")}
    said = result.message("bob", PairAnnouncement)
    kept = result.message("alice", Kept).kept.to_array().astype(bool)
    assert said.bin.tolist() == (seen["bob"].time_ps // bin_ps).tolist()
    assert said.basis.to_array().tolist() == seen["bob"].basis.tolist()
    assert len(kept) == len(said.bin)
    assert result.bob.key.to_array().tolist() == seen["bob"].bit[kept & (seen["bob"].basis == 0)].tolist()
    assert result.bob.test.to_array().tolist() == seen["bob"].bit[kept & (seen["bob"].basis == 1)].tolist()
    for mine, theirs in ((result.alice.key, result.bob.key), (result.alice.test, result.bob.test)):
        assert len(mine) == len(theirs)
    if sizes:
        assert (len(result.alice.key), len(result.alice.test)) == sizes
    for party in (result.alice, result.bob):
        figures = party.record.figures
        assert (figures["key_bits"], figures["test_bits"]) == (len(party.key), len(party.test))
        assert len(party.key_intensity) == len(party.key)
        assert not party.key_intensity.any()
    # what is kept has a partner of Alice's within the window and half a bin, in the same basis
    middle = said.bin * bin_ps + bin_ps // 2
    for place in np.flatnonzero(kept):
        near = np.abs(
            seen["alice"].time_ps - middle[place] + result.alice.record.figures["clock_correction_ps"]
        )
        # half the window, what medians may be off, and the drift of the correction
        partner = near <= 500 + 20 + 200
        assert (seen["alice"].basis[partner] == said.basis.to_array()[place]).any()
    if sizes is None:
        # 2 % by the scene, and half of the accidental coincidences; 2000 bits
        assert 0.01 < errors(result) < 0.05


def errors(result):
    different = (result.alice.key ^ result.bob.key).count() + (result.alice.test ^ result.bob.test).count()
    return different / (len(result.alice.key) + len(result.alice.test))


def test_the_sample_is_any_subset_alike():
    """Each coincidence is kept as often as any other: chi-squared over 60 draws."""
    clicks = blocks(3)
    single = {"alice": receiver(0, double_click_ps=0), "bob": receiver(4, double_click_ps=0)}
    everything = both(step(**single), *clicks)  # double clicks would fall differently in each draw
    sizes = (len(everything.alice.key) // 3, len(everything.alice.test) // 2)
    counts = np.zeros(len(everything.message("alice", Kept).kept))
    draws = 60
    for draw in range(draws):
        result = both(step(sizes=sizes, **single), *clicks, seed=b"%d|" % draw)
        kept = result.message("alice", Kept).kept.to_array()
        assert kept.sum() == sum(sizes)
        counts += kept
    coincidences = everything.message("alice", Kept).kept.to_array().astype(bool)
    key = coincidences & (everything.message("bob", PairAnnouncement).basis.to_array() == 0)
    share = sizes[0] / key.sum()
    pull = (counts[key] - draws * share) / np.sqrt(draws * share * (1 - share))
    assert abs(np.mean(pull**2) - 1) < 5 * np.sqrt(2 / key.sum())
    assert not counts[~coincidences].any()


def test_too_few_for_the_agreed_sample_is_refused_at_both_ends():
    result = both(step(sizes=(10**6, 10)), *blocks())
    for party in (result.alice, result.bob):
        assert isinstance(party, BlockEnded)
        assert party.outcome == "refused"
        assert "bits of the key basis, and 1000000 were agreed" in party.reason
    assert result.alice.record.figures["coincidences"] > 1000  # told, though the block is refused


def test_the_test_basis_may_be_too_small_as_well():
    result = both(step(sizes=(1, 10**6)), *blocks())
    assert "bits of the test basis, and 1000000 were agreed" in result.alice.reason


def test_blocks_far_into_a_session_are_like_the_first():
    start = 8 * 10**18
    alice, bob = (
        click_block(b.time_ps + start, b.channel, start, start + 20 * LENGTH, block=7) for b in blocks(4)
    )
    here, there = both(step(), alice, bob), both(step(), *blocks(4))
    # other numbers of double clicks' coins: the draws go by block
    assert len(here.alice.key) + len(here.alice.test) == pytest.approx(
        len(there.alice.key) + len(there.alice.test), abs=10
    )


@pytest.mark.parametrize("clicks", [([], []), ([500_000], [0]), ([], [0])])
def test_next_to_nothing_is_sifted_to_next_to_nothing(clicks):
    alice = click_block(clicks[0], [0] * len(clicks[0]), 0, LENGTH)
    bob = click_block([500_000] * len(clicks[1]), [4] * len(clicks[1]), 0, LENGTH)
    result = both(step(), alice, bob)
    assert len(result.alice.key) == len(result.bob.key) <= 1


SMALL = blocks(5, pairs_hz=30e3, alice_hz=20e3, bob_hz=20e3)


@given(data=st.data())
@settings(suppress_health_check=SHARED_FIXTURE)
def test_no_message_upsets_the_other_party(data):
    sender = data.draw(st.sampled_from(["alice", "bob"]))
    result = both(step(), *SMALL, wire=Liar(sender, 0, lambda payload: data.draw(altered(payload))))
    listener = result.bob if sender == "alice" else result.alice
    assert isinstance(listener, SiftedBlock | BlockEnded)


def announced(*bins, basis=None):
    return PairAnnouncement(np.array(bins, np.int64), Bits.zeros(len(bins) if basis is None else basis))


LAST = 20 * LENGTH // 100


@pytest.mark.parametrize(
    "lie",
    [
        announced(5, 4),
        announced(-1),
        announced(-1, 4000),
        announced(LAST + 1),
        announced(4000, LAST + 1),
        announced(4000, basis=2),
        announced(400, 700),  # closer than the hold-off of 40 ns
        announced(0, 2**63 - 1, -(2**63), -1, 5),  # every difference, modulo 2**64, is positive
    ],
)
def test_announced_times_that_cannot_be_end_the_block(lie):
    result = both(step(), *SMALL, wire=Liar("bob", 0, lambda payload: encode(lie)))
    assert isinstance(result.alice, BlockEnded)
    assert "not a list of ascending times within the block, a hold-off apart" in result.alice.reason
    assert result.alice.outcome == result.bob.outcome == "aborted"


def test_an_answer_of_another_length_ends_the_block():
    result = both(step(), *SMALL, wire=Liar("alice", 0, lambda payload: encode(Kept(Bits.zeros(3)))))
    assert "Alice answered 3 of" in result.bob.reason

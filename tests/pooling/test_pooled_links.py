"""Keys of several passes: one test, one proof, one key; clocks anew for each pass; all members or none."""

from dataclasses import replace
from itertools import chain

import msgspec
import pytest

from postproc.authentication.memory_pool import MemoryPool
from postproc.blocks import SecretBlock, SiftedBlock
from postproc.conversation.frames import unpack
from postproc.outcome import BlockEnded
from postproc.parameters.stages import Pooling
from postproc.types import PassEnded
from tests.support import links
from tests.support.audit import disclosed_bits

OFFSETS = (10**11, -3 * 10**10, 10**12)
"""Bob's clock is another one in each pass."""


def passes_of(recordings):
    """Both parties' recordings of all passes, one after the other."""
    return [list(chain.from_iterable(_between(own))) for own in zip(*recordings, strict=True)]


def _between(recordings):
    for number, recording in enumerate(recordings):
        if number:
            yield [PassEnded()]
        yield recording


def decoy(passes=3, blocks=1, **more):
    parameters = links.decoy_parameters("cascade", decoys=1)
    recordings = [
        links.decoy_recordings(seed, blocks, 1, offset, 5.0 * seed)
        for seed, offset in enumerate(OFFSETS[:passes], 1)
    ]
    pooled = replace(parameters, pooling=Pooling(passes=passes, blocks_per_pass=blocks))
    return links.link(pooled, passes_of(recordings), **more)


def pairs(passes=2, thresholds=None, **more):
    parameters = links.bbm92_parameters("cascade")
    recordings = [
        links.pair_recordings(seed, 1, offset, 5.0 * seed) for seed, offset in enumerate(OFFSETS[:passes], 1)
    ]
    pooled = replace(parameters, pooling=Pooling(passes=passes))
    if thresholds is not None:
        pooled = replace(pooled, security=replace(pooled.security, thresholds=thresholds))
    return links.link(pooled, passes_of(recordings), **more)


def alone(seed, offset):
    return links.link(
        links.decoy_parameters("cascade", decoys=1), links.decoy_recordings(seed, 1, 1, offset, 5.0 * seed)
    )


def test_several_passes_make_one_key_alike_at_both_ends():
    outcomes = decoy()
    alice, bob = outcomes.values()
    assert list(alice.keys) == list(bob.keys) == [3]
    assert alice.keys == bob.keys
    for outcome in outcomes.values():
        (end,) = outcome.ends
        assert isinstance(end, SecretBlock)
        # One set of tags, one set of failure probabilities.
        assert len(end.record.tags) == 3
        assert outcome.pool.epsilon == pytest.approx(1.0001e-6)
        assert end.record.figures["pooled_blocks"] == 3


def test_counts_add_up_and_the_key_is_longer_than_the_passes_keys_together():
    pooled = decoy()["bob"].ends[0].record.figures
    single = [alone(seed, offset)["bob"].ends[0].record.figures for seed, offset in enumerate(OFFSETS, 1)]
    for name in ("key_bits", "test_bits", "events"):
        # Double clicks are drawn at random: a bit more or less.
        assert pooled[name] == pytest.approx(sum(figures[name] for figures in single), rel=0.01)
    assert pooled["secret_bits"] > 1.05 * sum(figures["secret_bits"] for figures in single)


def test_several_blocks_of_several_passes():
    outcomes = decoy(passes=2, blocks=2)
    for outcome in outcomes.values():
        (end,) = outcome.ends
        assert isinstance(end, SecretBlock)
        assert end.record.block == 4
    assert outcomes["alice"].keys == outcomes["bob"].keys


def test_blocks_of_one_pass_are_pooled_too():
    parameters = replace(
        links.decoy_parameters("cascade", decoys=1), pooling=Pooling(passes=1, blocks_per_pass=2)
    )
    outcomes = links.link(parameters, links.decoy_recordings(1, 2, 1, 10**11, 5.0))
    assert outcomes["alice"].keys == outcomes["bob"].keys
    assert list(outcomes["bob"].keys) == [2]


def test_pairs_are_pooled_likewise():
    outcomes = pairs()
    assert outcomes["alice"].keys == outcomes["bob"].keys
    assert list(outcomes["bob"].keys) == [2]


def test_where_sizes_are_agreed_they_are_drawn_of_the_whole_pool():
    from postproc.estimation import EntanglementThresholds

    whole = pairs()["bob"].ends[0].record.figures
    n, k = int(0.9 * whole["key_bits"]), int(0.9 * whole["test_bits"])
    agreed = EntanglementThresholds(key_bits=n, test_bits=k, qber_max=0.03, leak_max_bits=n // 3)
    for outcome in pairs(thresholds=agreed).values():
        (end,) = outcome.ends
        assert isinstance(end, SecretBlock)
        assert (end.record.figures["key_bits"], end.record.figures["test_bits"]) == (n, k)


def test_the_books_of_the_pool_hold_what_was_said_for_all_members():
    sent = []

    def wire(sender, frame):
        sent.append((sender, frame))
        return (frame,)

    outcomes = decoy(wire=wire)
    told = sum(disclosed_bits(unpack(frame)) for _, frame in sent)
    for outcome in outcomes.values():
        record = outcome.ends[0].record
        assert record.disclosed_bits() == told == record.figures["leak_bits"]
        for party in links.EVERYTHING:
            covered = {*getattr(record.preamble, party), *getattr(record.transcript, party)}
            said = [frame for sender, frame in sent if sender == party and unpack(frame).stage != "cut"]
            assert covered == set(said)


@pytest.mark.parametrize(
    ("sender", "stage"),
    [
        ("bob", "agree"),
        ("alice", "synchronise"),
        ("bob", "sift"),
        ("alice", "sift"),
        ("bob", "pool"),
        ("alice", "test"),
    ],
)
def test_a_changed_word_of_any_pass_is_found_out(stage, sender):
    """The last bit of a frame of the second pass, or of what there is only once."""
    seen = []

    def wire(who, data):
        frame = unpack(data)
        if who == sender and frame.stage == stage:
            seen.append(frame.block)
            if len(seen) == (2 if stage in ("synchronise", "sift") else 1):
                payload = frame.payload[:-1] + bytes([frame.payload[-1] ^ 1])
                return (msgspec.msgpack.encode(msgspec.structs.replace(frame, payload=payload)),)
        return (data,)

    outcomes = decoy(passes=2, wire=wire)
    assert seen
    assert not any(outcome.keys for outcome in outcomes.values())


def test_a_pool_without_one_of_its_members_is_refused_at_both_ends():
    """Bob's words about the second pass are lost: the others are not taken alone."""

    def wire(who, data):
        frame = unpack(data)
        return () if (who, frame.stage, frame.block) == ("bob", "sift", 2) else (data,)

    for outcome in decoy(wire=wire).values():
        assert outcome.keys == {}
        assert outcome.sink.staged == {}
        assert not any(isinstance(message, SiftedBlock) for message in outcome.messages)
        last = outcome.ends[-1]
        assert isinstance(last, BlockEnded)


def test_a_pass_whose_clocks_cannot_be_locked_refuses_the_pool():
    recordings = [
        links.decoy_recordings(1, 1, 1, OFFSETS[0], 5.0),
        # Bob recorded something else in the second pass.
        [
            links.decoy_recordings(2, 1, 1, OFFSETS[1], 5.0)[0],
            links.decoy_recordings(3, 1, 1, OFFSETS[2], 5.0)[1],
        ],
    ]
    parameters = replace(links.decoy_parameters("cascade", decoys=1), pooling=Pooling(passes=2))
    for outcome in links.link(parameters, passes_of(recordings)).values():
        assert outcome.keys == {}
        reasons = {(end.record.block, end.outcome) for end in outcome.ends}
        assert (2, "refused") in reasons
        assert any("number 2 is missing" in end.reason for end in outcome.ends)


def test_membership_is_agreed_before_light():
    mine = replace(links.decoy_parameters("cascade", decoys=1), pooling=Pooling(passes=2))
    theirs = replace(mine, pooling=Pooling(passes=3))
    recordings = passes_of([links.decoy_recordings(1, 1, 1, OFFSETS[0], 5.0)] * 2)
    outcomes = links.link(mine, recordings, bob_parameters=theirs)
    for outcome in outcomes.values():
        assert outcome.keys == {}
        assert "pooling.passes is 2 at Alice and 3 at Bob" in outcome.ends[0].reason


def test_one_pass_too_few_makes_no_key():
    recordings = [links.decoy_recordings(seed, 1, 1, OFFSETS[seed], 5.0) for seed in (1, 2)]
    parameters = replace(links.decoy_parameters("cascade", decoys=1), pooling=Pooling(passes=3))
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    for outcome in links.link(parameters, passes_of(recordings), pools=pools).values():
        assert outcome.keys == {}
        assert "number 3 is missing" in outcome.ends[-1].reason


def test_pooling_shares_the_process_of_sifting_whatever_the_layout_says():
    from postproc.entropy import SeededEntropy
    from postproc.protocols import Party, stages
    from postproc.secretsink import MemorySink
    from qkdctl.config.processes import DEFAULT
    from qkdctl.node.layout import split

    parameters = replace(links.bbm92_parameters("cascade"), pooling=Pooling(blocks_per_pass=2))
    pool = MemoryPool(links.SHARED_KEY)
    party = Party("bob", SeededEntropy(b"bob"), pool, MemorySink(pool))
    for layout in (DEFAULT, tuple((name,) for group in DEFAULT for name in group)):
        groups = [[stage.name for stage in group] for group in split(stages(parameters, party), layout)]
        (sifting,) = [group for group in groups if "sift" in group]
        assert sifting[-3:] == ["sift", "gather", "pool"]

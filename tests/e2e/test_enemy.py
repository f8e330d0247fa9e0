"""Whatever happens to one message: never two different keys called verified, and never wrong books.

Three links: BBM92 by Cascade and by LDPC, decoy-state BB84 with one decoy (whose proof needs Bob's errors).
"""

import pytest
from hypothesis import given, settings

from postproc.blocks import SecretBlock
from postproc.conversation.frames import unpack
from tests.support import links
from tests.support.audit import disclosed_bits
from tests.support.profiles import SHARED_FIXTURE
from tests.support.wires import Enemy, faults

LINKS = {
    "bbm92-cascade": lambda wire: links.link(
        links.bbm92_parameters("cascade"), links.pair_recordings(1, 2, 10**11, 5.0), wire
    ),
    "bbm92-ldpc": lambda wire: links.link(
        links.bbm92_parameters("ldpc"), links.pair_recordings(1, 2, 10**11, 5.0), wire
    ),
    "decoy-one": lambda wire: links.link(
        links.decoy_parameters("cascade", decoys=1), links.decoy_recordings(1, 2, 1, 10**11, 5.0), wire
    ),
}


@pytest.mark.parametrize("link", LINKS)
@given(fault=faults)
@settings(max_examples=40, suppress_health_check=SHARED_FIXTURE)
def test_one_fault_never_makes_unequal_keys_or_wrong_books(link, fault):
    enemy = Enemy(fault)
    outcomes = LINKS[link](enemy)
    assert_no_unequal_keys(outcomes)
    assert_tampering_makes_no_key(enemy, outcomes)
    for role in links.EVERYTHING:
        assert_books_are_right(role, enemy, outcomes[role])


def assert_no_unequal_keys(outcomes):
    """Held at both ends, confirmed or staged: the same key."""
    alice, bob = ({**o.sink.staged, **o.sink.confirmed} for o in outcomes.values())
    for block in alice.keys() & bob.keys():
        assert alice[block] == bob[block]
    # Bob confirms only what Alice has confirmed.
    assert outcomes["bob"].keys.keys() <= outcomes["alice"].keys.keys()


def assert_tampering_makes_no_key(enemy, outcomes):
    """A word that was changed, lost or added where it is listened to leaves its block without a key."""
    if enemy.struck is None or enemy.fault.kind in ("repeat", "replay", "swap"):
        return
    block = unpack(enemy.struck[1]).block
    spoilt = outcomes["bob"].keys.keys() & {block} if block else outcomes["bob"].keys.keys()
    assert not spoilt


def assert_books_are_right(role, enemy, outcome):
    """What a party entered as said by itself is what it sent; its tags are its tags."""
    for end in outcome.ends:
        sent = [unpack(f) for who, f in enemy.sent if who == role and unpack(f).block == end.record.block]
        said = [entry.bits for entry in end.record.disclosures if entry.speaker == role]
        assert sum(said) == sum(disclosed_bits(frame) for frame in sent)
        assert end.record.tags.count(role) == sum(b"TranscriptTag" in f.payload[:20] for f in sent)
        if isinstance(end, SecretBlock):
            assert end.record.tags == ("alice", "bob", "alice")


@pytest.mark.parametrize("link", LINKS)
def test_without_a_fault_there_is_key_in_every_block(link):
    outcomes = LINKS[link](lambda sender, frame: (frame,))
    for outcome in outcomes.values():
        assert [type(end) for end in outcome.ends] == [SecretBlock, SecretBlock]
        assert set(outcome.keys) == {1, 2}
    assert outcomes["alice"].keys == outcomes["bob"].keys
    first, second = ({e.record.block: e.record for e in o.ends} for o in outcomes.values())
    for block, record in first.items():
        assert record.disclosures == second[block].disclosures
        assert record.tags == second[block].tags
        assert record.transcript == second[block].transcript

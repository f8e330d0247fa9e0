"""Signatures in place of a key that is not there yet, and beside one that is."""

import msgspec
import pytest

from postproc.authentication.identity import (
    PUBLIC_BYTES,
    SECRET_BYTES,
    SIGNATURE_BYTES,
    Identity,
    make_identity,
)
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.pool import NO_SHARED_KEY
from postproc.authentication.wegman_carter import Authenticator, method_of
from postproc.blocks import SecretBlock
from postproc.conversation.frames import pack, unpack
from postproc.conversation.messages import NO_SOURCE, TranscriptTag, decode, encode
from postproc.errors import AuthenticationFailed, InputError, PoolExhausted
from postproc.parameters.stages import Authentication
from qkdctl.keystore.store import KeyStore
from tests.support import links

PAIRS = {role: make_identity() for role in ("alice", "bob", "mallory")}
PARAMETERS = links.bbm92_parameters("ldpc", authentication=Authentication(reserve_tags=4))
RECORDINGS = links.pair_recordings(1, 2, 10**11, 5.0)


def identity(own, peer):
    return Identity(PAIRS[own][0], PAIRS[peer][1])


IDENTITIES = {"alice": identity("alice", "bob"), "bob": identity("bob", "alice")}


def session(pools, identities, seed=b"", wire=lambda sender, frame: (frame,)):
    for role, pool in pools.items():
        pool.identity = (identities or {}).get(role)
    return links.link(PARAMETERS, RECORDINGS, wire, seed=seed, pools=pools)


def ends(outcomes):
    return {role: [type(end) for end in outcome.ends] for role, outcome in outcomes.items()}


def no_key(outcomes):
    return not any(SecretBlock in kinds for kinds in ends(outcomes).values())


def reasons(outcomes):
    return " ".join(getattr(end, "reason", "") for outcome in outcomes.values() for end in outcome.ends)


def test_two_strangers_come_to_a_key_and_then_to_tags():
    pools = {role: MemoryPool() for role in links.EVERYTHING}
    first = session(pools, IDENTITIES, b"1")
    assert ends(first) == {role: [SecretBlock, SecretBlock] for role in links.EVERYTHING}
    assert first["alice"].keys == first["bob"].keys
    for end in first["alice"].ends:
        # Not a single one-time key was there to be spent.
        assert end.record.tags == ()
        assert end.record.authentication_bits == 0
    alice, bob = pools.values()
    assert alice.name == bob.name != NO_SOURCE
    for sender in links.EVERYTHING:
        assert alice.hash_key(sender) == bob.hash_key(sender)
        assert alice.remaining(sender) == bob.remaining(sender) >= PARAMETERS.authentication.reserve_tags
        assert len(alice.hash_key(sender)) == 16
    assert alice.hash_key("alice") != alice.hash_key("bob")
    # From the next session on the pool does it alone, or together with the signatures.
    for identities in (None, IDENTITIES):
        again = session(pools, identities, b"2" if identities else b"3")
        assert ends(again) == {role: [SecretBlock, SecretBlock] for role in links.EVERYTHING}
        assert all(len(end.record.tags) == 3 for end in again["bob"].ends)


def test_the_pool_in_a_key_store_begins_alike(tmp_path):
    with KeyStore(tmp_path / "a.sqlite", "alice") as store:
        memory = MemoryPool()
        assert store.pool.name == memory.name == NO_SOURCE
        for pool in (store.pool, memory):
            with pytest.raises(PoolExhausted, match=NO_SHARED_KEY[:30]):
                pool.hash_key("alice")
            pool.refill(b"s" * 16, {"alice": b"r" * 16 + b"1" * 16 + b"2" * 16, "bob": b"q" * 16 + b"3" * 16})
            assert pool.name == b"s" * 16
            assert pool.hash_key("alice") == b"r" * 16
            assert pool.hash_key("bob") == b"q" * 16
            assert pool.take("alice")[1] == b"1" * 16
            assert (pool.remaining("alice"), pool.remaining("bob")) == (1, 1)
            pool.refill(b"t" * 16, {"alice": b"4" * 16, "bob": b""})
            assert pool.hash_key("alice") == b"r" * 16
            assert pool.remaining("alice") == 2


def test_without_key_and_identity_nothing_begins():
    with pytest.raises(PoolExhausted):
        session({role: MemoryPool() for role in links.EVERYTHING}, None)
    with pytest.raises(PoolExhausted, match="no pre-shared key"):
        Authenticator("alice", MemoryPool())


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    ("identities", "sentence"),
    [
        ({"alice": identity("mallory", "bob"), "bob": IDENTITIES["bob"]}, "signature does not fit"),
        ({"alice": IDENTITIES["alice"], "bob": identity("bob", "mallory")}, "signature does not fit"),
    ],
)
def test_a_stranger_makes_no_key(begun, identities, sentence):
    """Whether there are tags that fit or not."""
    pools = {role: MemoryPool(links.SHARED_KEY if begun else None) for role in links.EVERYTHING}
    outcomes = session(pools, identities)
    assert no_key(outcomes)
    assert sentence in reasons(outcomes)


def test_a_signature_that_is_expected_must_come():
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    outcomes = session(pools, {"bob": IDENTITIES["bob"]})
    assert no_key(outcomes)
    assert "Alice's signature is missing" in reasons(outcomes)


def test_a_tag_that_does_not_fit_is_not_saved_by_a_signature():
    pools = {"alice": MemoryPool(links.SHARED_KEY), "bob": MemoryPool(links.SHARED_KEY[:16] + bytes(4080))}
    outcomes = session(pools, IDENTITIES)
    assert no_key(outcomes)
    assert "tag does not fit" in reasons(outcomes)


@pytest.mark.parametrize("part", ["source", "number", "tag", "signature"])
def test_no_part_of_a_double_tag_can_be_changed(part):
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}

    def wire(sender, data):
        frame = unpack(data)
        if b"TranscriptTag" not in frame.payload[:20]:
            return (data,)
        tag = decode(frame.payload, TranscriptTag)
        value = getattr(tag, part)
        other = value + 1 if part == "number" else bytes([value[0] ^ 1]) + value[1:]
        spoilt = encode(msgspec.structs.replace(tag, **{part: other}))
        return (pack(msgspec.structs.replace(frame, payload=spoilt)),)

    outcomes = session(pools, IDENTITIES, wire=wire)
    assert no_key(outcomes)


def test_any_change_of_the_text_is_noticed():
    alice = Authenticator("alice", MemoryPool(None, IDENTITIES["alice"]))
    bob = Authenticator("bob", MemoryPool(None, IDENTITIES["bob"]))
    tag = alice.tag(b"what was said")
    bob.check(b"what was said", tag)
    assert len(tag.signature) == SIGNATURE_BYTES
    assert not tag.is_masked
    for text in (b"what was sayd", b"what was said ", b""):
        with pytest.raises(AuthenticationFailed):
            bob.check(text, tag)
    # A party's own words do not come back as the other's.
    with pytest.raises(AuthenticationFailed):
        alice.check(b"what was said", tag)


def test_how_a_session_is_authenticated():
    signs = IDENTITIES["bob"]
    assert method_of(MemoryPool(links.SHARED_KEY)) == "psk"
    assert method_of(MemoryPool(links.SHARED_KEY, signs)) == "psk+mldsa65"
    assert method_of(MemoryPool(None, signs)) == "mldsa65"


def test_a_pool_that_begins_during_a_session_waits_for_the_next():
    pool = MemoryPool(None, IDENTITIES["alice"])
    alice = Authenticator("alice", pool)
    pool.refill(b"s" * 16, {"alice": bytes(64), "bob": bytes(64)})
    assert not alice.tag(b"text").is_masked


@pytest.mark.parametrize(("secret", "public"), [(b"", PAIRS["bob"][1]), (PAIRS["alice"][0], b"short")])
def test_keys_of_the_wrong_length_are_refused(secret, public):
    with pytest.raises(InputError, match="bytes, got"):
        Identity(secret, public)
    assert (len(PAIRS["alice"][0]), len(PAIRS["alice"][1])) == (SECRET_BYTES, PUBLIC_BYTES)
    assert repr(IDENTITIES["alice"]) == "<identity>"


def test_a_signature_meant_for_another_is_refused():
    """Alice has a link to Mallory, too, who passes on to Bob what she signs there."""
    for_mallory = identity("alice", "mallory").sign(b"text")
    identity("mallory", "alice").check(b"text", for_mallory, "Alice")
    with pytest.raises(AuthenticationFailed, match="does not fit"):
        IDENTITIES["bob"].check(b"text", for_mallory, "Alice")

"""The two ledgers: leave out any one charge and an independent count notices."""

import gc
from importlib import import_module
from pkgutil import walk_packages

import msgspec
import pytest

import postproc
from postproc.amplification import refill
from postproc.amplification.stage import Amplify
from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.wegman_carter import Authenticator, forgery_bound
from postproc.blocks import SecretBlock
from postproc.conversation import talk
from postproc.conversation.frames import unpack
from postproc.conversation.messages import Abort, Message, TranscriptTag
from postproc.conversation.record import TAG_BITS, BlockRecord
from postproc.conversation.talk import Talk
from postproc.estimation.stage import KeyErrors
from postproc.parameters.stages import Reconciliation
from postproc.reconciliation.cascade.messages import CutParities, CutsWanted, PassesOpened
from postproc.reconciliation.ldpc.messages import FramesDecoded, Repair, Syndromes
from postproc.reconciliation.stage import Corrected
from postproc.secretsink import MemorySink
from postproc.verification.stage import KeyTag
from tests.support import links
from tests.support.audit import disclosed_bits

LINKS = {
    "cascade": lambda **more: links.link(
        links.bbm92_parameters("cascade"), links.pair_recordings(1, 2, 10**11, 5.0), **more
    ),
    # Prepared for too few errors, so that frames fail at first.
    "ldpc": lambda **more: links.link(
        links.bbm92_parameters(reconciliation=Reconciliation(method="ldpc", expected_qber=0.005)),
        links.pair_recordings(1, 2, 10**11, 5.0),
        **more,
    ),
    # Prepared for the error rate that Alice says, and Bob says what there was.
    "told": lambda **more: links.link(
        links.bbm92_parameters(reconciliation=Reconciliation(method="ldpc", expected_qber=None)),
        links.pair_recordings(1, 2, 10**11, 5.0),
        **more,
    ),
    "decoy": lambda **more: links.link(
        links.decoy_parameters("cascade", decoys=1), links.decoy_recordings(1, 2, 1, 10**11, 5.0), **more
    ),
}
CHARGED = {
    KeyTag: "cascade",
    PassesOpened: "cascade",
    CutsWanted: "cascade",
    CutParities: "cascade",
    Syndromes: "ldpc",
    FramesDecoded: "ldpc",
    Repair: "ldpc",
    Corrected: "told",
    KeyErrors: "decoy",
}
# Each of these tells nothing about bits that become key; who adds a message says so here, or charges it.
SILENT = {
    "Hello": "public configuration, nonce, name of the pre-shared key",
    "Settled": "what has become of the keys of broken sessions",
    "RecordingEnded": "how many blocks there are",
    "TagPreamble": "clicks that are spent",
    "StatePreamble": "states that are spent",
    "LockReply": "delays, found in what is spent",
    "PairAnnouncement": "times and bases; that they say nothing of bits is an assumption by name",
    "Kept": "which events count",
    "Members": "which blocks are here, and a digest of what was said in the open",
    "Drawn": "which bits stay, drawn at random",
    "SlotAnnouncement": "slots and bases",
    "Matches": "bases and intensities",
    "TestBits": "bits that are spent",
    "TestErrors": "errors among bits that are spent",
    "Expected": "an error rate that follows from what was said, and charged, before",
    "Equal": "that the block goes on; its failure is the block's end",
    "Seed": "drawn independently of the key",
    "Staged": "length, a digest of what was said in the open; that the key looks random, as all but 1e-15 of keys do",
    "Done": "that the key looks random; where it does not, it becomes no key",
    "Abort": "the block's end: it becomes no key",
    "TranscriptTag": "masked by a one-time key of its own, which the other ledger counts",
}


class WatchedSink(MemorySink):
    """Keeps the keys as they are staged, with what is written on them."""

    def __init__(self, pool):
        super().__init__(pool)
        self.keys = []

    def stage(self, key):
        self.keys.append(key)
        super().stage(key)


@pytest.fixture(autouse=True)
def watched(monkeypatch):
    """Sinks keep what is written on keys."""
    monkeypatch.setattr(links, "MemorySink", WatchedSink)


def run(which):
    """A whole session, and an audit of its books from the bytes on the wire."""
    sent, texts = [], {}

    def wire(sender, frame):
        sent.append((sender, unpack(frame)))
        block = unpack(frame).block
        texts[block] = texts.get(block, 0) + len(frame)
        return (frame,)

    outcomes = LINKS[which](wire=wire)
    for outcome in outcomes.values():
        for end in outcome.ends:
            block = end.record.block
            audit(end, [(who, frame) for who, frame in sent if frame.block == block])
            # Each tag is good for what was said before it and no more; the last one for nearly all of it.
            said = texts[0] + texts[block]
            least, most = forgery_bound(said // 2), 3 * forgery_bound(said + 10_000)
            assert least < end.record.epsilon_authentication < most
        audit_keys(outcome)
        audit_pool(outcome, sum(b"TranscriptTag" in frame.payload[:20] for _, frame in sent))
    return outcomes


def audit_keys(outcome):
    """What is written on a key in the store is what its block's books say."""
    made = [end for end in outcome.ends if isinstance(end, SecretBlock)]
    assert len(outcome.sink.keys) == len(made)
    for key, end in zip(outcome.sink.keys, made, strict=True):
        assert key.authentication_bits == end.record.authentication_bits
        assert key.disclosed_bits == end.record.disclosed_bits()
        assert len(key.bits) + key.refill_bits == end.secret_bits
        security = links.bbm92_parameters().security
        own = security.eps_sec + security.eps_cor
        assert own + end.record.epsilon_authentication <= key.epsilon <= own * 1.001
    assert outcome.pool.epsilon == pytest.approx(
        sum(key.epsilon for key in outcome.sink.keys), rel=1e-12, abs=0
    )


def audit(end, frames):
    record = end.record
    for party in links.EVERYTHING:
        told = sum(disclosed_bits(frame) for who, frame in frames if who == party)
        assert sum(entry.bits for entry in record.disclosures if entry.speaker == party) == told
        tags = sum(b"TranscriptTag" in frame.payload[:20] for who, frame in frames if who == party)
        assert record.tags.count(party) == tags
    assert record.authentication_bits == 128 * len(record.tags)
    if isinstance(end, SecretBlock):
        # What the length was computed with is what was told.
        assert record.figures["leak_bits"] == sum(disclosed_bits(frame) for _, frame in frames)
        assert end.refill_bits == 128 * len(record.tags)


def audit_pool(outcome, tags):
    """Every tag on the wire took one key out of the pool, and refilling put back what was taken."""
    spent = sum(126 - outcome.pool.remaining(sender) for sender in links.EVERYTHING)
    refilled = sum(end.refill_bits for end in outcome.ends if isinstance(end, SecretBlock))
    assert spent + refilled // 128 == tags


@pytest.mark.parametrize("which", LINKS)
def test_books_agree_with_what_was_said(which):
    assert all(len(outcome.keys) == 2 for outcome in run(which).values())


@pytest.mark.parametrize("kind", CHARGED)
def test_a_charge_left_out_is_noticed(kind, monkeypatch):
    monkeypatch.setattr(kind, "discloses", lambda self: 0)
    with pytest.raises(AssertionError):
        run(CHARGED[kind])


@pytest.mark.parametrize("kind", CHARGED)
def test_a_charge_of_a_bit_too_little_is_noticed(kind, monkeypatch):
    honest = kind.discloses
    monkeypatch.setattr(kind, "discloses", lambda self: max(honest(self) - 1, 0))
    with pytest.raises(AssertionError):
        run(CHARGED[kind])


def test_a_tag_left_out_of_the_books_is_noticed(monkeypatch):
    honest = Talk._enter

    def forgetful(self, message, speaker, data):
        books = self._record.tags
        honest(self, message, speaker, data)
        if isinstance(message, TranscriptTag):
            self._record = msgspec.structs.replace(self._record, tags=books)

    monkeypatch.setattr(Talk, "_enter", forgetful)
    with pytest.raises(AssertionError):
        run("ldpc")


def test_a_tag_that_is_not_paid_back_is_noticed(monkeypatch):
    monkeypatch.setattr(refill, "TAGS_TO_COME", ("alice", "bob"))
    with pytest.raises(AssertionError):
        run("ldpc")


def zeroed(kind, name):
    """Read one field of a structure as nothing."""

    def mutate(monkeypatch):
        monkeypatch.setattr(kind, name, property(lambda self: 0))

    return mutate


def cheaper(name, value):
    """Write less on a key than it has cost."""

    def mutate(monkeypatch):
        honest = Amplify._key

        def forgetful(self, *arguments):
            return msgspec.structs.replace(honest(self, *arguments), **{name: value})

        monkeypatch.setattr(Amplify, "_key", forgetful)

    return mutate


def no_epsilon_of_tags(monkeypatch):
    monkeypatch.setattr(talk, "forgery_bound", lambda n: 0.0)


def keys_not_marked_used(monkeypatch):
    monkeypatch.setattr(MemoryPool, "mark_used", lambda self, sender, name: None)


def peers_keys_not_marked_used(monkeypatch):
    honest = Authenticator._check_mask

    def forgetful(self, *arguments):
        self._pool.mark_used = lambda sender, name: None
        try:
            honest(self, *arguments)
        finally:
            del self._pool.mark_used

    monkeypatch.setattr(Authenticator, "_check_mask", forgetful)


def pool_forgets_epsilon(monkeypatch):
    honest = MemoryPool.refill
    monkeypatch.setattr(
        MemoryPool, "refill", lambda self, source, keys, h=None, epsilon=0.0: honest(self, source, keys, h)
    )


AUTHENTICATION_CHARGES = {
    "the bits of a tag": zeroed(BlockRecord, "authentication_bits"),
    "authentication on the key": cheaper("authentication_bits", 256),
    "disclosures on the key": cheaper("disclosed_bits", 0),
    "failure probability on the key": cheaper("epsilon", 0.0),
    "failure probability of a tag": no_epsilon_of_tags,
    "failure probability in the pool": pool_forgets_epsilon,
    "one-time keys, at both ends": keys_not_marked_used,
    "one-time keys, at who checks": peers_keys_not_marked_used,
}


@pytest.mark.parametrize("charge", AUTHENTICATION_CHARGES)
def test_an_authentication_charge_left_out_is_noticed(charge, monkeypatch):
    AUTHENTICATION_CHARGES[charge](monkeypatch)
    with pytest.raises(AssertionError):
        run("ldpc")


def test_every_message_is_charged_or_said_to_be_silent():
    for module in walk_packages(postproc.__path__, "postproc."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.collect()
    own = {kind for kind in _all_kinds(Message) if kind.__module__.startswith("postproc.")}
    assert {kind.__name__ for kind in own} == {kind.__name__ for kind in CHARGED} | SILENT.keys()
    for kind in own:
        assert ("discloses" in vars(kind)) == (kind in CHARGED), kind
    assert Abort in own
    assert TAG_BITS == 128


def _all_kinds(base):
    for kind in base.__subclasses__():
        yield kind
        yield from _all_kinds(kind)

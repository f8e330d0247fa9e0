"""Segments and channels in one thread, over memory: the same keys and books as the reference."""

import itertools

import pytest

from postproc.amplification import stage as amplification
from postproc.authentication.memory_pool import MemoryPool
from postproc.bits import Bits
from postproc.blocks import SecretBlock
from postproc.entropy import SeededEntropy
from postproc.kernels import toeplitz_hash
from postproc.link import Link
from postproc.outcome import BlockEnded
from postproc.protocols import Party, stages
from postproc.secretsink import MemorySink
from postproc.traffic import pack, unpack
from postproc.types import Alarm, End
from qkdctl.carriers.joint import Joint
from qkdctl.carriers.memory import memory_pair
from qkdctl.config.processes import DEFAULT
from qkdctl.node import signals
from qkdctl.node.channel import Channel
from qkdctl.node.layout import split
from qkdctl.node.segment import Segment
from tests.support import links

COUNTER = itertools.count()


def joints():
    """Both ends of a connection in memory."""
    return [Joint(Link(next(COUNTER).to_bytes(8, "big"), 0.0), carrier) for carrier in memory_pair()]


class Node:
    """A node without its processes."""

    def __init__(self, role, parameters, recording, peer, layout):
        self.pool = MemoryPool(links.SHARED_KEY)
        self.sink = MemorySink(self.pool)
        party = Party(role, SeededEntropy(b"same" + role.encode()), self.pool, self.sink)
        groups = split(stages(parameters, party), layout)
        self.source, upstream = joints()
        self.segments, locals_, hosts = [], [], {}
        for place, group in enumerate(groups):
            here, downstream = joints()
            outside, inside = joints()
            relays = any("cut" in later for later in layout[place + 1 :])
            self.segments.append(
                Segment(group, upstream, here, inside, lambda stage, message: None, relays=relays)
            )
            locals_.append(outside)
            hosts |= {stage.name: place for stage in group}
            upstream = downstream
        self.results = upstream
        self.channel = Channel(peer, locals_, hosts)
        self.items = iter([*recording, End()])
        self.messages, self.signals = [], []
        self.said_bye = False

    def turn(self, now):
        busy = False
        if self.source.link.room and (item := next(self.items, None)) is not None:
            self.source.link.send(pack(item))
            busy = True
        self.source.pump(now)
        while (signal := self.source.link.receive()) is not None:
            self.signals.append(signal)
            self.source.link.done()
        for part in (*self.segments, self.channel):
            busy |= part.turn(now)
        self.results.pump(now)
        while (item := self.results.link.receive()) is not None:
            self.messages.append(unpack(item))
            self.results.link.done()
            busy = True
        if all(segment.settled for segment in self.segments) and not self.said_bye:
            self.said_bye = True
            self.channel.take_leave(signals.BYE)
        return busy

    @property
    def ended(self):
        return self.said_bye and self.channel.settled


def drive(parameters, recordings, layout=DEFAULT):
    ends = joints()
    nodes = [
        Node(role, parameters, recording, peer, layout)
        for role, recording, peer in zip(links.EVERYTHING, recordings, ends, strict=True)
    ]
    now = 0.0
    for _ in range(200_000):
        busy = [node.turn(now) for node in nodes]
        now += 0.0 if any(busy) else 0.05
        if all(node.ended for node in nodes):
            return nodes
    raise AssertionError("the nodes never ended")


LAYOUTS = {
    "one process": (tuple(itertools.chain(*DEFAULT)),),
    "two": DEFAULT,
    "each its own": tuple((name,) for name in itertools.chain(*DEFAULT)),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_nodes_come_to_the_same_keys_and_books_as_the_reference(layout):
    parameters, recordings = links.bbm92_parameters("ldpc"), links.pair_recordings(1, 2, 10**11, 5.0)
    reference = links.link(parameters, recordings, seed=b"same")
    nodes = drive(parameters, recordings, layout)
    for role, node in zip(links.EVERYTHING, nodes, strict=True):
        assert node.sink.confirmed == reference[role].keys
        assert len(node.sink.confirmed) == 2
        ends = [m for m in node.messages if isinstance(m, SecretBlock | BlockEnded)]
        assert [end.record for end in ends] == [end.record for end in reference[role].ends]
        assert isinstance(node.messages[-1], End)
        assert node.signals == [signals.GO, signals.ENOUGH], "the light does not hear when it may go"


def test_nodes_quarantine_what_the_reference_does(monkeypatch):
    """One hash in two is broken, whoever makes it: no block becomes key, and both ends keep it apart."""
    seeds = set()

    def broken(key, seed, length):
        second = seed.to_bytes() in seeds
        seeds.add(seed.to_bytes())
        return Bits.zeros(length) if second else toeplitz_hash(key, seed, length)

    monkeypatch.setattr(amplification, "toeplitz_hash", broken)
    parameters, recordings = links.bbm92_parameters("ldpc"), links.pair_recordings(1, 2, 10**11, 5.0)
    nodes = drive(parameters, recordings)
    for node in nodes:
        assert not node.sink.confirmed
        assert not node.sink.staged
        assert set(node.sink.quarantined) == {1, 2}
        assert [m.outcome for m in node.messages if isinstance(m, BlockEnded)] == ["refused", "refused"]
        alarms = [m.subject for m in node.messages if isinstance(m, Alarm) and m.name == "key-quarantined"]
        assert alarms == ["block 1", "block 2"]
    alice, bob = ([m.record for m in node.messages if isinstance(m, BlockEnded)] for node in nodes)
    for here, there in zip(alice, bob, strict=True):
        assert here.disclosures == there.disclosures
        assert here.tags == there.tags == ("alice", "bob", "alice")


def test_a_party_that_ends_early_leaves_nobody_waiting():
    """Bob's recording ends before Alice's second block: she hears of it and gives that block up."""
    parameters = links.bbm92_parameters("cascade")
    alice, bob = links.pair_recordings(1, 2, 10**11, 5.0)
    nodes = drive(parameters, (alice, list(links.pair_recordings(1, 1, 10**11, 5.0)[1])))
    assert bob
    for node in nodes:
        assert isinstance(node.messages[-1], End)
    assert any(isinstance(message, BlockEnded) for message in nodes[0].messages)


def test_stages_cannot_be_left_out_or_reordered():
    from qkdctl.errors import ConfigurationError

    pool = MemoryPool(links.SHARED_KEY)
    party = Party("alice", SeededEntropy(b"x"), pool, MemorySink(pool))
    whole = stages(links.bbm92_parameters(), party)
    for layout in (DEFAULT[:1], DEFAULT[::-1]):
        with pytest.raises(ConfigurationError, match="in this order"):
            split(whole, layout)


def test_a_neighbour_that_has_said_everything_may_go():
    """A segment that waits for the peer outlives the process before it."""
    pool = MemoryPool(links.SHARED_KEY)
    party = Party("bob", SeededEntropy(b"x"), pool, MemorySink(pool))
    source, upstream = joints()
    (below, downstream), (outside, inside) = joints(), joints()
    segment = Segment(
        stages(links.bbm92_parameters(), party), upstream, downstream, inside, lambda stage, message: None
    )
    source.link.send(pack(End()))
    for now in range(100):
        if now < 10:
            source.pump(now)
        for joint in (below, outside):
            joint.pump(now)
            while joint.link.receive() is not None:
                joint.link.done()
        segment.turn(now)
    assert not segment.ended
    segment.lose_peer()
    segment.turn(100.0)
    assert segment.ended

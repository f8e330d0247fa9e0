"""A channel between processes that come to their ends at different times, and a peer that may be gone."""

import pytest

from postproc.conversation.frames import Frame, pack
from postproc.link import Link, LinkFailed
from qkdctl.carriers.joint import Joint
from qkdctl.node import signals
from qkdctl.node.channel import Channel
from tests.node.test_segments import joints

PATIENCE_S = 100
"""Longer than any silence that a link puts up with."""


def frame(stage):
    return signals.FRAME + pack(Frame(1, b"s" * 16, stage, 1, 0, b"p"))


class Setting:
    """A channel between two processes and a peer; its other ends are in the test's hands."""

    def __init__(self):
        self.first, first = joints()
        self.second, second = joints()
        self.peer, door = joints()
        self.channel = Channel(door, [first, second], {"first": 0, "second": 1})
        self.now = 0.0

    def run(self, seconds, *alive):
        for _ in range(seconds):
            self.now += 1.0
            for end in alive:
                end.pump(self.now)
            for _ in range(3):
                self.channel.turn(self.now)

    def heard(self, end):
        items = []
        while (item := end.link.receive()) is not None:
            items.append(item)
            end.link.done()
        return items


def test_a_process_that_has_left_is_not_missed_and_wants_nothing_more():
    here = Setting()
    here.first.link.send(signals.BYE)
    here.run(5, here.first, here.second, here.peer)
    assert here.first.link.settled
    for _ in range(80):
        here.peer.link.send(frame("first"))
        here.peer.link.send(frame("second"))
        here.run(2, here.second, here.peer)
        assert here.heard(here.second) == [frame("second")]
    here.run(PATIENCE_S, here.second, here.peer)
    assert here.channel.lost is None


def test_a_peer_that_never_stops_talking_keeps_nobody_from_the_rest():
    class Flood:
        """Says the same for ever."""

        sent = 0

        def receive(self):
            return b"noise"

        def send(self, packet):
            self.sent += 1

    joint = Joint(Link(b"12345678", 0.0), Flood())
    joint.pump(0.0)
    assert joint._carrier.sent == 1


def test_a_process_that_falls_silent_is_missed():
    here = Setting()
    here.run(5, here.first, here.second, here.peer)
    with pytest.raises(LinkFailed):
        here.run(PATIENCE_S, here.second, here.peer)


def test_nobody_waits_for_a_peer_that_is_gone():
    """More was said than the peer had room for; when it is lost, whoever said it is done all the same."""
    here = Setting()
    here.run(5, here.first, here.second, here.peer)
    for _ in range(200):
        if here.first.link.room:
            here.first.link.send(frame("first"))
        here.run(1, here.first, here.second)
    assert here.channel.lost
    here.run(5, here.first, here.second)
    assert here.first.link.settled
    assert here.heard(here.first) == [signals.BYE]

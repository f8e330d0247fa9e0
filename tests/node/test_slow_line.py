"""Two nodes with 10 ms of delay and 1 % of loss between them keep up with the light.

In a time of the test's own, in which computing takes none: what holds a session back here is the line and what is
said over it, however busy the machine is.
"""

import heapq
import random

import numpy as np

from postproc.blocks import SecretBlock
from postproc.link import Link
from postproc.parameters import stages
from postproc.timetags.types import TagChunk
from postproc.types import End
from qkdctl.carriers.joint import Joint
from qkdctl.config.processes import DEFAULT
from qkdctl.node.wiring import BETWEEN_NODES, FRAMES_IN_FLIGHT
from tests.node.test_segments import Node
from tests.support import links

BLOCKS = 10
BLOCK_S = 0.3
STEP_S = 0.002
PIECE_PS = 2 * 10**9


class Clock:
    """The time in seconds."""

    now = 0.0


class LineEnd:
    """One end of a line; `there` is the other."""

    def __init__(self, clock, delay_s, loss, dice):
        self.clock, self.delay_s, self.loss, self.dice = clock, delay_s, loss, dice
        self.coming, self.there = [], None
        self.lost = self.sent = 0

    def send(self, packet):
        self.sent += 1
        if self.dice.random() < self.loss:
            self.lost += 1
        else:
            heapq.heappush(self.there.coming, (self.clock.now + self.delay_s, self.sent, packet))

    def receive(self):
        if self.coming and self.coming[0][0] <= self.clock.now:
            return heapq.heappop(self.coming)[2]
        return None


def pieces(chunks):
    """The same tags in chunks as short as they come from instruments."""
    for chunk in chunks:
        for start in range(chunk.start_ps, chunk.stop_ps, PIECE_PS):
            stop = min(start + PIECE_PS, chunk.stop_ps)
            first, last = np.searchsorted(chunk.time_ps, (start, stop))
            yield TagChunk(start, stop, chunk.time_ps[first:last], chunk.channel[first:last])


class Light:
    """A recording as it comes: each chunk when its time is over. Notes how late any was taken."""

    def __init__(self, chunks, clock):
        self.chunks, self.clock = list(pieces(chunks)), clock
        first = self.chunks[0].start_ps
        self.due = [(chunk.stop_ps - first) * 1e-12 * BLOCK_S / 0.04 for chunk in self.chunks]
        self.taken, self.late_s, self.ended = 0, 0.0, False

    def __next__(self):
        if self.taken == len(self.chunks):
            if self.ended:
                raise StopIteration
            self.ended = True
            return End()
        if self.clock.now < self.due[self.taken]:
            raise StopIteration
        self.late_s = max(self.late_s, self.clock.now - self.due[self.taken])
        self.taken += 1
        return self.chunks[self.taken - 1]


def session(delay_s, loss):
    """Run one; give how long after its light each block's key was there, the nodes, and the ends of the line."""
    clock = Clock()
    dice = random.Random(5)
    ends = [LineEnd(clock, delay_s, loss, dice) for _ in links.EVERYTHING]
    ends[0].there, ends[1].there = ends[1], ends[0]
    agreed = links.bbm92_parameters("ldpc", clock=stages.Clock(preamble_s=0.01, max_offset_s=0.002))
    nodes = []
    for role, chunks, end in zip(
        links.EVERYTHING, links.pair_recordings(1, BLOCKS, 10**9, 5.0), ends, strict=True
    ):
        link = Link(role.ljust(8).encode(), 0.0, window=FRAMES_IN_FLIGHT, patience=BETWEEN_NODES)
        node = Node(role, agreed, (), Joint(link, end), DEFAULT)
        node.items = Light(chunks, clock)
        nodes.append(node)
    keys = {}
    while not all(node.ended for node in nodes):
        assert clock.now < 60, "the session never ended"
        busy = True
        while busy:
            busy = False
            for node in nodes:
                busy |= node.turn(clock.now)
        for message in nodes[1].messages:
            if isinstance(message, SecretBlock):
                keys.setdefault(message.record.block, clock.now)
        clock.now += STEP_S
    late_s = [keys[block] - (0.25 + block) * BLOCK_S for block in range(1, BLOCKS + 1)]
    return late_s, nodes, ends


def test_a_slow_line_costs_time_once_and_no_rate():
    fast, _, _ = session(0.0, 0.0)
    slow, nodes, ends = session(0.01, 0.01)
    assert sum(end.lost for end in ends) >= 2
    assert min(slow) > min(fast) + 0.05, "the line is not slow"
    # A packet that is lost comes half a second later; four blocks may be under way meanwhile.
    assert max(slow) < 4 * BLOCK_S
    assert slow[-1] < slow[0] + BLOCK_S, "keys fall behind the light"
    assert max(node.items.late_s for node in nodes) < BLOCK_S / 10, "the light was held back"

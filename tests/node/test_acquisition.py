"""When the light goes: not before the other party knows that the recording has ended."""

import os
from time import monotonic

import numpy as np
import pytest

import qkdctl.node.acquire
from postproc.conversation.agreement import Prepared
from postproc.link import Link
from postproc.timetags.types import Acquired, StateChunk
from postproc.traffic import unpack
from postproc.types import End
from qkdctl.carriers.joint import Joint
from qkdctl.carriers.memory import memory_pair
from qkdctl.node import signals
from qkdctl.node.acquire import Acquisition

SLOTS = 100
SLOT_S = 1e-3


class Setting:
    """An acquisition's source, its wiring, and the stage after it."""

    def __init__(self, answers, chunks=10**9):
        self.head, self.stage = (
            Joint(Link(os.urandom(8), monotonic()), carrier) for carrier in memory_pair()
        )
        self.answers = answers
        self.left = chunks
        self.lit = False
        self.taken, self.lit_when_taken, self.read_after_end = [], [], 0

    def run(self):
        Acquisition("alice", lambda: self, self, 1.0, SLOT_S).run()
        return [type(item) for item in self.taken]

    def stream(self, number, bind):
        return self.head

    def tell(self, kind, subject="", **figures):
        pass

    def wait(self, seconds):
        self.stage.pump(monotonic())
        while (item := self.stage.link.receive()) is not None:
            self.taken.append(unpack(item))
            self.lit_when_taken.append(self.lit)
            self.stage.link.done()
            for answer in self.answers.get(type(self.taken[-1]), ()):
                self.stage.link.send(answer)
        self.stage.pump(monotonic())

    def prepare(self):
        pass

    def start(self):
        self.lit = True

    def stop(self):
        self.lit = False

    def look(self):
        return ()

    def read(self):
        self.wait(0)
        if not self.left:
            return None
        self.left -= 1
        self.read_after_end += End() in self.taken
        return StateChunk(0, np.zeros(SLOTS, np.uint8))


GO = {Prepared: [signals.GO]}


def test_the_light_stays_on_until_the_other_party_knows():
    here = Setting(GO | {End: [signals.ENOUGH]})
    kinds = here.run()
    assert kinds[0] is Prepared
    assert set(kinds[1:-2]) == {StateChunk}
    assert kinds[-2:] == [Acquired, End]
    assert here.lit_when_taken[-1]
    assert not here.lit


def test_it_does_not_stay_on_for_ever(monkeypatch):
    monkeypatch.setattr(qkdctl.node.acquire, "LINGER_S", 0.05)
    here = Setting(GO)
    kinds = here.run()
    assert kinds[0] is Prepared
    assert set(kinds[1:-2]) == {StateChunk}
    assert kinds[-2:] == [Acquired, End]
    assert here.read_after_end
    assert not here.lit


@pytest.mark.parametrize(
    ("answers", "chunks"),
    [(GO, 5), ({Prepared: [signals.STOP]}, 5), (GO | {StateChunk: [signals.ENOUGH]}, 5)],
)
def test_what_has_ended_is_not_waited_for(answers, chunks):
    """A recording that is over, light that never went on, a party that wants nothing more."""
    here = Setting(answers, chunks)
    begin_s = monotonic()
    assert here.run()[-2:] == [Acquired, End]
    assert monotonic() - begin_s < qkdctl.node.acquire.LINGER_S
    assert not here.read_after_end

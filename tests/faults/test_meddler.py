"""A link under a middle man who drops, delays, repeats and plays again: everything arrives, once, in order."""

import os
from contextlib import closing
from time import monotonic

import pytest

from postproc.link import Link, Patience
from qkdctl.carriers.joint import Joint
from qkdctl.carriers.zeromq import Curve, Doorkeeper, Waiter, ZeroMqCarrier, new_context, new_curve_pair
from qkdctl.faults.meddler import Meddler, Mischief

ITEMS = [b"%d" % i * 50 for i in range(300)]
PATIENCE = Patience(resend_s=0.03, resend_most_s=0.05, heartbeat_s=0.05, lost_s=20.0)


def exchange(mischief, items):
    """Send items from Alice to Bob through a meddler; give what came, and the meddler."""
    keys = {role: new_curve_pair() for role in ("alice", "bob")}
    with new_context() as context, closing(Meddler(mischief, 1)) as line:
        middle = line.public.encode()
        pairs = {role: Curve(*(key.encode() for key in pair), middle) for role, pair in keys.items()}
        with closing(Doorkeeper(context, middle)):
            here = ZeroMqCarrier(context, "tcp://127.0.0.1:*", bind=True, curve=pairs["alice"])
            address = line.lead(here.endpoint, keys["alice"][0], keys["bob"][0])
            there = ZeroMqCarrier(context, address, bind=False, curve=pairs["bob"])
            ends = [
                Joint(Link(os.urandom(8), monotonic(), patience=PATIENCE), carrier)
                for carrier in (here, there)
            ]
            waiter = Waiter()
            waiter.add(here.socket)
            waiter.add(there.socket)
            got, waiting, until_s = [], list(items), monotonic() + 60
            while len(got) < len(items) and monotonic() < until_s:
                for end in ends:
                    end.pump(monotonic())
                while waiting and ends[0].link.room:
                    ends[0].link.send(waiting.pop(0))
                while (item := ends[1].link.receive()) is not None:
                    got.append(item)
                    ends[1].link.done()
                waiter.wait(0.01)
            for end in ends:
                end.close()
        return got, line


@pytest.mark.parametrize(
    "mischief",
    [
        Mischief(),
        Mischief(drop=0.1, duplicate=0.1, delay=0.2, replay=0.1, delay_s=0.1),
        Mischief(cut_every_s=0.02, cut_s=0.05),
    ],
)
def test_everything_arrives_once_and_in_order(mischief):
    got, line = exchange(mischief, ITEMS)
    assert got == ITEMS
    assert {name for name in ("drop", "delay", "replay") if getattr(mischief, name)} <= set(+line.done)
    assert bool(line.done["cuts"]) == bool(mischief.cut_every_s)

"""Carrying keys from a node whose neighbours are in memory: when they count as arrived."""

import asyncio
import os

import pytest

from qkdctl.keystore.secret import Secret
from qkdctl.kme.extensions import Options
from qkdctl.kme.words import Terms
from qkdctl.network.carrier import Carrier
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.linkstate import Advert, LinkStates, Report
from qkdctl.network.plans import Target
from qkdctl.network.ports import KeysLost
from qkdctl.network.shares import Assembly
from qkdctl.network.spec import ProfileSpec
from qkdctl.network.words import Envelope
from tests.network.inmemory import Net

RING = ("ab", "bd", "ac", "cd")
TERMS = Terms("SAE_A", ("SAE_D",), 256, ("key",))


class Spec:
    """As much of a node's as its carrier looks at."""

    name, nodes, trust, borders = "a", (), {}, ()
    map = tuple(LinkCard(link, (link[0], link[1]), "stored") for link in RING)
    labels = frozenset({"secret", "emulated"})
    profile = ProfileSpec(min_paths=2)


def carrier(net):
    states = LinkStates({card.name: card.ends for card in Spec.map})
    for node in "abcd":
        reports = tuple(Report(link, True, 10**6) for link in RING if node in link)
        states.take([Advert(node, (1, 0), reports)])
    return Carrier(Spec(), net.relays["a"], states, {})


def carried(net, keys):
    async def carry():
        here = carrier(net)
        try:
            return await here.carry(Target("d"), TERMS, Options(), Secret(keys), set())
        finally:
            await here.finish()

    return asyncio.run(carry())


def test_keys_over_two_ways_have_arrived_when_the_last_node_keeps_them():
    net, keys = Net(*RING), os.urandom(32)
    assert carried(net, keys).label == "emulated"
    assert list(net.recipients["d"].got.values()) == [keys]


def test_shares_that_the_last_node_never_had_together_are_no_keys():
    """It was killed after the first and started anew: each share came, and was answered as it should be."""
    net, answered = Net(*RING), []

    def restart(hop, word, answer):
        if isinstance(word, Envelope) and hop.neighbour == "d":
            assert not answer.refused
            answered.append(hop.name)
            net.recipients["d"].assembly = Assembly()
        return answer

    net.back = restart
    with pytest.raises(KeysLost, match="not all shares"):
        carried(net, os.urandom(32))
    assert sorted(answered) == ["bd", "cd"]
    assert not net.recipients["d"].got

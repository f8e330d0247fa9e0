"""A node that lies: what it sends in another's name, too late, or of another's keys."""

import asyncio
import uuid

import msgspec
import pytest

from qkdctl.keystore.secret import Secret
from qkdctl.kme.client import KmeRefused
from qkdctl.kme.hybrid import Encapsulation, Suite
from qkdctl.kme.link import new_key_ids
from qkdctl.kme.words import Terms
from qkdctl.network.demands import Demands
from qkdctl.network.letters import pack_letter
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.ports import LinkRefused
from qkdctl.network.relay import Relay
from qkdctl.network.spec import BorderSpec, NodeCard, ProfileSpec
from qkdctl.network.words import Letter, Route, Void
from tests.network.inmemory import Net, letter, route
from tests.network.lab import Network

RING = """
name = "ring"
lab = true
gossip_s = 0.3
time.speed = 30

[domains.lab]
min_paths = 2

[nodes]
a = { domain = "lab", saes = ["SAE_A"] }
b = { domain = "lab" }
c = { domain = "lab", saes = ["SAE_C"] }
d = { domain = "lab" }

[links]
ab = { between = ["a", "b"], modelled = {} }
bc = { between = ["b", "c"], modelled = {} }
cd = { between = ["c", "d"], modelled = {} }
ad = { between = ["d", "a"], modelled = {} }
"""


def test_a_node_on_one_way_cannot_send_keys_in_the_name_of_an_application(tmp_path):
    """It would know them, and who collects them would take them for keys over two ways."""
    with Network(RING, tmp_path / "ring") as network:
        network.share("SAE_A", "SAE_C")
        (name,) = new_key_ids(1)
        terms = Terms("SAE_A", ("SAE_C",), 256, (name,))

        async def forge(routes):
            liar = Relay("b", network.nodes["b"].ends, None)
            packed = pack_letter(Letter(str(uuid.uuid4()), terms, routes))
            for share, one in enumerate(routes):
                if one.nodes[0] == "b":
                    await liar.reserve(packed, share)
                    await liar.send(packed, share, Secret(bytes(32)))

        for routes in ((route("bc"),), (route("bc"), route("bc")), (route("bc"), route("badc"))):
            with pytest.raises(LinkRefused, match="demands"):
                network._wait_for(forge(routes))
        with network.client("SAE_C") as kme, pytest.raises(KmeRefused):
            kme.get_keys_by_id("SAE_A", [name])


NODES = tuple(
    NodeCard(node, node, saes, b"")
    for node, saes in (("a", ("SAE_A",)), ("b", ()), ("c", ("SAE_C",)), ("d", ()))
)
LINKS = (
    *(LinkCard(a + b, (a, b), "modelled") for a, b in ("ab", "bc", "cd", "ad", "ac")),
    LinkCard("up", ("a", "c"), "satellite", "moon"),
    LinkCard("down", ("a", "b"), "satellite", "moon"),
)


class Spec:
    """As much of a node's as demands are made of."""

    def __init__(self, **profile):
        self.name, self.nodes, self.map = "c", NODES, LINKS
        self.trust = {"a": 1.0, "b": 0.9, "c": 1.0, "d": 0.5, "moon": 0.9}
        self.borders = (BorderSpec("border", "abroad", "b", ("SAE_X",)),)
        self.profile = ProfileSpec(**profile)


SATELLITE = Route(("a", "c"), ("up",))
OVER_IT_TWICE = Route(("a", "b", "c"), ("down", "bc"))
HYBRID = Encapsulation(Suite(), b"", b"")


def demanded(routes, profile=None, master="SAE_A", hybrid=None, came_from=""):
    terms = Terms(master, ("SAE_C",), 256, ("key",), hybrid)
    Demands(Spec(**profile or {})).check(Letter("relay", terms, tuple(routes), came_from=came_from))


@pytest.mark.parametrize(
    ("routes", "more"),
    [
        ([route("abc")], {}),
        ([route("ac")], {"profile": {"min_trust": 1.0}}),
        ([route("abc"), route("adc")], {"profile": {"min_paths": 2}}),
        ([route("abc"), route("ac"), SATELLITE], {"profile": {"min_paths": 3, "min_trust": 0.9}}),
        ([route("abc")], {"profile": {"min_paths": 2, "hybrid_is_path": True}, "hybrid": HYBRID}),
        ([route("abc")], {"profile": {"hybrid": "required"}, "hybrid": HYBRID}),
        ([route("bc")], {"master": "SAE_X", "came_from": "abroad"}),
    ],
)
def test_what_meets_the_demands_passes(routes, more):
    demanded(routes, **more)


@pytest.mark.parametrize(
    ("routes", "more", "why"),
    [
        ([route("abc")], {"profile": {"min_paths": 2}}, "1 way"),
        ([route("abc"), route("abc")], {}, "in common"),
        ([route("ac"), route("ac")], {}, "in common"),
        ([SATELLITE, OVER_IT_TWICE], {}, "in common"),
        ([route("bc")], {}, "does not serve"),
        ([route("bc")], {"came_from": "abroad"}, "does not serve"),
        ([route("dc")], {"master": "SAE_X", "came_from": "abroad"}, "does not serve"),
        ([route("bc")], {"master": "SAE_X"}, "does not serve"),
        ([route("abc"), route("dc")], {}, "one node to another"),
        ([route("ab")], {}, "one node to another"),
        ([Route(("a", "c"), ("bc",))], {}, "no link"),
        ([Route(("a", "c"), ("zz",))], {}, "no link"),
        ([route("adc")], {"profile": {"min_trust": 0.6}}, "trusted"),
        ([SATELLITE], {"profile": {"min_trust": 0.95}}, "trusted"),
        ([route("abc")], {"profile": {"hybrid": "required"}}, "ML-KEM"),
        ([route("abc")], {"profile": {"min_paths": 2, "hybrid_is_path": True}}, "1 way"),
        ([route("abc")], {"profile": {"min_paths": 2}, "hybrid": HYBRID}, "1 way"),
    ],
)  # fmt: skip
def test_what_does_not_is_refused_in_words(routes, more, why):
    with pytest.raises(LinkRefused, match=f"demands.*{why}"):
        demanded(routes, **more)


def test_keys_that_were_called_off_do_not_arrive_later():
    """An envelope that was held up comes after the relay was called off."""
    net = Net("ab")
    packed = letter("ab")

    async def late():
        await net.relays["a"].reserve(packed, 0)
        await net.relays["b"].answer(Void(packed, 0), "ab")
        with pytest.raises(LinkRefused, match="called off"):
            await net.relays["a"].send(packed, 0, Secret(bytes(64)))

    asyncio.run(late())
    assert not net.recipients["b"].got


def test_keys_are_called_off_one_by_one():
    net = Net("ab")
    packed = letter("ab", number=2)
    net.recipients["b"].drop = lambda letter, key_ids: _noted(dropped, key_ids)
    dropped = []

    async def call_off():
        await net.relays["a"].void(packed, 0, ("key 1",))
        await net.relays["a"].void(packed, 0)
        answer = await net.relays["b"].answer(Void(packed, 0, ("another's",)), "ab")
        assert answer.refused

    asyncio.run(call_off())
    assert dropped == [("key 1",), ("key 0", "key 1")]


async def _noted(dropped, key_ids):
    dropped.append(key_ids)


def test_what_is_called_off_stays_so_for_a_while_only():
    from qkdctl.network.shares import PATIENCE_S, Assembly

    now = 0.0
    assembly = Assembly(lambda: now)
    assembly.drop("relay")
    with pytest.raises(ValueError, match="called off"):
        assembly.add("relay", b"", 1, 0, b"share", "secret")
    now = 2 * PATIENCE_S + 1
    assert assembly.add("relay", b"", 1, 0, b"share", "secret") == (b"share", "secret")
    assert msgspec.json.encode(len(assembly)) == b"0"

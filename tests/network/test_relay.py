"""Shares along routes: what arrives, what it costs, and what becomes of it when the wire fails or lies."""

import asyncio
import itertools
import os

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.keystore.secret import Secret
from qkdctl.network.envelope import OVERHEAD, xor
from qkdctl.network.letters import read_letter
from qkdctl.network.ports import LinkRefused
from qkdctl.network.shares import split
from qkdctl.network.words import Answer, Envelope, Reserve
from tests.network.inmemory import Net, letter

LINE = ("ab", "bc", "cd")
MODES = st.sampled_from(["forward", "announce"])


async def carry(net, packed, secret):
    """As a source does it: reserve all, send all."""
    read, _ = read_letter(packed, 0)
    source = net.relays[read.routes[0].nodes[0]]
    shares = split(secret, len(read.routes), os.urandom)
    for number in range(len(shares)):
        await source.reserve(packed, number)
    return [await source.send(packed, number, Secret(share)) for number, share in enumerate(shares)]


@given(MODES, st.integers(2, 6), st.integers(1, 4), st.sampled_from([8, 128, 2048]))
@settings(deadline=None)
def test_a_share_arrives_and_costs_each_hop_its_length_once(mode, n_nodes, number, size_bits):
    nodes = "abcdef"[:n_nodes]
    net = Net(*(a + b for a, b in itertools.pairwise(nodes)))
    secret = os.urandom(number * size_bits // 8)
    packed = letter(nodes, mode=mode, number=number, size_bits=size_bits)
    assert asyncio.run(carry(net, packed, secret)) == [("emulated", True)]
    assert net.recipients[nodes[-1]].got == {"relay 1": secret}
    for link in net.links.values():
        assert link.spent == len(secret) + OVERHEAD
        assert not link.held
        assert len(link.drawn) == 1
    assert all(not hop.promises.total() for relay in net.relays.values() for hop in relay._hops.values())


@given(MODES)
@settings(deadline=None)
def test_nothing_on_the_wire_is_the_share_or_two_words_alike(mode):
    net = Net(*LINE)
    secret = os.urandom(64)
    asyncio.run(carry(net, letter("abcd", mode=mode), secret))
    envelopes = [word for _, word in net.said if isinstance(word, Envelope)]
    assert [len(word.ciphertexts) for word in envelopes] == ([1, 1, 1] if mode == "forward" else [1, 2, 3])
    said = {part for word in envelopes for part in word.ciphertexts}
    pads = [value[:-OVERHEAD] for link in net.links.values() for value in link.drawn.values()]
    assert secret not in said
    assert not said & set(pads)
    if mode == "announce":
        assert envelopes[-1].ciphertexts == (
            xor(secret, pads[0]),
            xor(pads[0], pads[1]),
            xor(pads[1], pads[2]),
        )


@given(MODES)
@settings(deadline=None)
def test_two_disjoint_routes_give_the_secret_and_no_node_between_has_it(mode):
    net = Net("ab", "bd", "ac", "cd")
    secret = os.urandom(64)
    asyncio.run(carry(net, letter("abd", "acd", mode=mode), secret))
    assert net.recipients["d"].got == {"relay 1": secret}
    for node in "bc":
        # All that the node knows: its links' keys, and every word on any link.
        pads = [
            value[:-OVERHEAD]
            for name, link in net.links.items()
            if node in name
            for value in link.drawn.values()
        ]
        said = [part for _, word in net.said if isinstance(word, Envelope) for part in word.ciphertexts]
        assert not spans(pads + said, secret)


def spans(known, secret):
    """Whether a secret is an exclusive-or of some of what is known (Gauss)."""
    basis = {}

    def rest(value):
        while value and value.bit_length() in basis:
            value ^= basis[value.bit_length()]
        return value

    for part in known:
        if left := rest(int.from_bytes(part, "big")):
            basis[left.bit_length()] = left
    return rest(int.from_bytes(secret, "big")) == 0


def test_the_search_for_a_secret_finds_one():
    a, b, c = (os.urandom(16) for _ in range(3))
    assert spans([a, b, c], xor(a, c))
    assert not spans([a, b], c)


def test_a_node_on_both_routes_has_the_secret():
    """What the test above looks for can be found."""
    net = Net("ab", "bd")
    secret = os.urandom(64)
    asyncio.run(carry(net, letter("abd", "abd"), secret))
    pads = [value[:-OVERHEAD] for link in net.links.values() for value in link.drawn.values()]
    said = [part for _, word in net.said if isinstance(word, Envelope) for part in word.ciphertexts]
    assert spans(pads + said, secret)


@pytest.mark.parametrize("empty", LINE)
def test_what_cannot_be_reserved_costs_nothing(empty):
    net = Net(*LINE)
    net.links[empty].free = 100
    with pytest.raises(LinkRefused, match="too little key") as refused:
        asyncio.run(carry(net, letter("abcd"), os.urandom(64)))
    assert refused.value.link == empty
    assert [link.spent for link in net.links.values()] == [0, 0, 0]
    assert all(not hop.promises.total() for relay in net.relays.values() for hop in relay._hops.values())


def test_promised_key_is_not_promised_again():
    net = Net("ab")
    net.links["ab"].free = 150

    async def twice():
        await net.relays["a"].reserve(letter("ab"), 0)
        with pytest.raises(LinkRefused, match="too little key"):
            await net.relays["a"].reserve(letter("ab", relay="relay 2"), 0)

    asyncio.run(twice())


@given(
    MODES,
    st.integers(0, 2),
    st.sampled_from(["letter", "share", "key_id", "ciphertexts", "label", "tag"]),
    st.data(),
)
@settings(deadline=None)
def test_a_changed_envelope_makes_no_key(mode, place, field, data):
    net = Net(*LINE)
    count = 0

    def liar(hop, word):
        nonlocal count
        if not isinstance(word, Envelope):
            return word
        count += 1
        return changed(word, field, data) if count == place + 1 else word

    net.wire = liar
    with pytest.raises(LinkRefused):
        asyncio.run(carry(net, letter("abcd", mode=mode), os.urandom(64)))
    assert not net.recipients["d"].got


def changed(word, field, data):
    value = getattr(word, field)
    if isinstance(value, bytes):
        value = flipped(value, data)
    elif isinstance(value, tuple):
        which = data.draw(st.integers(0, len(value) - 1))
        value = tuple(flipped(part, data) if i == which else part for i, part in enumerate(value))
    elif isinstance(value, int):
        value += 1
    else:
        value = {"label": "secret"}.get(field, value + "x")
    return msgspec.structs.replace(word, **{field: value})


def flipped(value, data):
    bit = data.draw(st.integers(0, 8 * len(value) - 1))
    return xor(value, (1 << bit).to_bytes(len(value), "big"))


@given(st.integers(0, 2), st.sampled_from(["label", "kept", "tag", "lost"]))
@settings(deadline=None)
def test_an_answer_that_is_changed_or_lost_is_no_answer(place, field):
    net = Net(*LINE)

    def liar(hop, word, answer):
        if isinstance(word, Reserve) or hop.name != LINE[place]:
            return answer
        if field == "lost":
            raise LinkRefused("no answer", hop.name)
        return msgspec.structs.replace(
            answer, **{field: {"label": "secret", "kept": False, "tag": bytes(16)}[field]}
        )

    net.back = liar
    with pytest.raises(LinkRefused) as refused:
        asyncio.run(carry(net, letter("abcd"), os.urandom(64)))
    assert refused.value.link == LINE[place]


def test_an_envelope_that_comes_again_is_refused():
    net = Net("ab")
    asyncio.run(carry(net, letter("ab"), os.urandom(64)))
    (envelope,) = [word for _, word in net.said if isinstance(word, Envelope)]
    answer = asyncio.run(net.relays["b"].answer(envelope, "ab"))
    assert answer.refused == "no such key"


@given(st.binary(max_size=200), st.integers(-2, 3))
def test_letters_from_anywhere_are_refused_in_words(packed, share):
    net = Net("ab")
    answer = asyncio.run(net.relays["b"].answer(Reserve(packed, share), "ab"))
    assert isinstance(answer, Answer)
    assert answer.refused


@pytest.mark.parametrize(("ways", "link"), [("abcd", "cd"), ("acb", "bc"), ("cb", "bc"), ("aba", "ab")])
def test_a_word_that_comes_another_way_than_its_route_is_refused(ways, link):
    net = Net(*LINE, "ac")
    node = "d" if link == "cd" else "a"
    answer = asyncio.run(net.relays[node].answer(Reserve(letter(ways), 0), link))
    assert answer.refused or node in ways[1:]

"""A network in memory: nodes' relays joined by links whose key both ends hold, and a wire that may fail."""

import itertools
import os
from dataclasses import dataclass, field

from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import EMPTY, unavailable
from qkdctl.kme.words import Terms
from qkdctl.network.envelope import HopKey
from qkdctl.network.letters import pack_letter
from qkdctl.network.ports import LinkRefused
from qkdctl.network.promises import Promises
from qkdctl.network.relay import Relay
from qkdctl.network.shares import Assembly
from qkdctl.network.words import Letter, Route


@dataclass
class Link:
    """Key at both ends of a link."""

    name: str
    free: int = 10**6
    label: str = "emulated"
    spent: int = 0
    held: dict = field(default_factory=dict)
    drawn: dict = field(default_factory=dict)


class Hop:
    """One end of it; what it says goes through a wire that may lose or change it."""

    def __init__(self, link, here, neighbour, net):
        self.link, self.here, self.neighbour, self.net = link, here, neighbour, net
        self.name = link.name
        self.promises = Promises()

    async def free_bytes(self):
        return self.link.free

    async def draw(self, length, oldest):
        if self.link.free < length:
            raise unavailable(EMPTY)
        self.link.free -= length
        self.link.spent += length
        key_id, value = f"{self.name} {len(self.link.drawn)}", os.urandom(length)
        self.link.drawn[key_id] = value
        self.link.held[key_id] = value
        return HopKey(key_id, Secret(value), self.link.label)

    async def collect(self, key_id):
        if key_id not in self.link.held:
            raise unavailable("no such key")
        return HopKey(key_id, Secret(self.link.held.pop(key_id)), self.link.label)

    async def ask(self, word, hops_left):
        word = self.net.wire(self, word)
        answer = await self.net.relays[self.neighbour].answer(word, self.name)
        return self.net.back(self, word, answer)


class Recipient:
    """Keeps what arrives."""

    def __init__(self):
        self.assembly = Assembly()
        self.got = {}

    def expect(self, letter):
        pass

    async def take(self, packed, letter, share, value, label):
        try:
            whole = self.assembly.add(letter.relay, packed, len(letter.routes), share, value.reveal(), label)
        except ValueError as error:
            raise LinkRefused(str(error)) from None
        if whole is None:
            return False
        assert letter.relay not in self.got
        self.got[letter.relay] = whole.secret
        return True

    async def drop(self, letter, key_ids):
        self.assembly.drop(letter.relay)
        self.got.pop(letter.relay, None)


class Net:
    """Nodes and links: ``Net("ab", "bc")`` is a line of three."""

    def __init__(self, *pairs):
        self.links = {pair: Link(pair) for pair in pairs}
        self.recipients, self.relays, self.said = {}, {}, []
        self.wire = lambda hop, word: self.said.append((hop, word)) or word
        self.back = lambda hop, word, answer: answer
        for node in {node for pair in pairs for node in pair}:
            hops = {
                pair: Hop(link, node, pair.replace(node, ""), self)
                for pair, link in self.links.items()
                if node in pair
            }
            self.recipients[node] = Recipient()
            self.relays[node] = Relay(node, hops, self.recipients[node])


def route(nodes):
    return Route(tuple(nodes), tuple(a + b if a < b else b + a for a, b in itertools.pairwise(nodes)))


def letter(*ways, mode="forward", relay="relay 1", number=2, size_bits=256):
    terms = Terms("SAE_A", ("SAE_Z",), size_bits, tuple(f"key {i}" for i in range(number)))
    return pack_letter(Letter(relay, terms, tuple(map(route, ways)), mode))

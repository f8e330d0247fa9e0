"""Carrying shares along routes: reserve first, then an envelope from node to node, answered all the way back.

This is the protocol of one node, without sockets, clocks or stores of its own: hops and the recipient are ports.

1. **Reserve** runs along the route; each node promises link key for its hop. A node that cannot says so, and
   nothing was spent.
2. **The envelope** follows. Each hop cuts a link key that is written down at both its ends, uses it for this
   envelope, and never again: whatever fails from here on, those bits are gone. The last node hands the share to
   its recipient and answers; each answer carries a tag of the hop that it came over. Only a route whose answers
   all fit has carried a share. Shares wait for each other in memory, where they may be lost: the answer that
   comes with the last of them says that the keys are kept, and before one says so nobody may rely on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import Refusal
from qkdctl.network.envelope import OVERHEAD, EnvelopeRefused, xor
from qkdctl.network.letters import read_letter, worst
from qkdctl.network.ports import Hop, LinkRefused, Recipient
from qkdctl.network.words import Answer, Envelope, Letter, Reserve, Route, Void, Word

HOPS_ABROAD = 6
"""Patience with another domain, in hops."""


class Sent(NamedTuple):
    """A share that has arrived.

    Attributes
    ----------
    label : str
        The worst, of the route's link keys and what the keys had.
    kept : bool
        With it the keys were complete, and are kept: see :class:`~qkdctl.network.words.Answer`.
    """

    label: str
    kept: bool


class Relay:
    """One node's part in relays.

    Parameters
    ----------
    node : str
        Its name.
    hops : mapping of str to Hop
        By link.
    recipient : Recipient
    """

    def __init__(self, node: str, hops: Mapping[str, Hop], recipient: Recipient) -> None:
        self._node = node
        self._hops = hops
        self._recipient = recipient

    async def reserve(self, packed: bytes, share: int) -> None:
        """Have link key kept on a route that begins here.

        Raises
        ------
        LinkRefused
            If it cannot be.
        """
        letter, route = read_letter(packed, share)
        if self._node != route.nodes[0]:
            raise LinkRefused("a route begins at another node")
        await self._reserve_onward(Reserve(packed, share), letter, route)

    async def send(self, packed: bytes, share: int, value: Secret, label: str = "secret") -> Sent:
        """Carry a share along a route that begins here, and say what became of it.

        Raises
        ------
        LinkRefused
            If it did not arrive, or nobody knows.
        """
        letter, route = read_letter(packed, share)
        return await self._pass_on(packed, share, letter, route, (), value.reveal(), label)

    async def void(self, packed: bytes, share: int, key_ids: tuple[str, ...] = ()) -> None:
        """Tell the nodes of a route that nothing came of it, or not of some of its keys.

        Raises
        ------
        LinkRefused
            If the last one does not hear, or its keys were collected already.
        """
        letter, route = read_letter(packed, share)
        await _agreed(self._hop(route), Void(packed, share, key_ids), letter, route)

    async def answer(self, word: Word, link: str) -> Answer:
        """Answer the node at the other end of a link."""
        try:
            letter, route = read_letter(word.letter, word.share)
            self._check_place(route, link)
            match word:
                case Reserve():
                    return await self._answer_reserve(word, letter, route)
                case Envelope():
                    return await self._answer_envelope(word, letter, route, self._hops[link])
                case Void():
                    return await self._answer_void(word, letter, route)
        except LinkRefused as refused:
            return Answer(refused.message, refused.link)
        except Refusal as refused:
            return Answer(refused.message)
        except EnvelopeRefused as refused:
            return Answer(str(refused), link)

    def _check_place(self, route: Route, link: str) -> None:
        """See that a word comes over the link before this node."""
        if self._node not in route.nodes[1:] or route.links[route.nodes.index(self._node) - 1] != link:
            raise LinkRefused("this node is not the next one on the route")

    def _hop(self, route: Route) -> Hop:
        link = route.after(self._node)
        if link is None or link not in self._hops:
            raise LinkRefused(f"node {self._node} has no link {link!r}", link or "")
        return self._hops[link]

    async def _answer_reserve(self, word: Reserve, letter: Letter, route: Route) -> Answer:
        if self._node == route.nodes[-1]:
            self._recipient.expect(letter)
        else:
            await self._reserve_onward(word, letter, route)
        return Answer()

    async def _reserve_onward(self, word: Reserve, letter: Letter, route: Route) -> None:
        hop, name = self._hop(route), (letter.relay, word.share)
        if not hop.promises.hold(name, letter.length + OVERHEAD, await hop.free_bytes()):
            raise LinkRefused(f"too little key is stored on link {hop.name}", hop.name)
        try:
            await _agreed(hop, word, letter, route)
        except LinkRefused:
            hop.promises.release(name)
            raise

    async def _answer_envelope(self, word: Envelope, letter: Letter, route: Route, hop: Hop) -> Answer:
        key = await hop.collect(word.key_id)
        key.check(word.tag, *_envelope_text(word, route, self._node))
        if len(key.pad) != letter.length or any(len(part) != letter.length for part in word.ciphertexts):
            raise EnvelopeRefused(
                f"an envelope under link key {key.id} has another length than its letter says"
            )
        label = worst(word.label, key.label)
        if self._node == route.nodes[-1]:
            share = Secret(xor(key.pad, *word.ciphertexts))
            kept = await self._recipient.take(word.letter, letter, word.share, share, label)
            sent = Sent(label, kept)
        elif letter.mode == "announce":
            sent = await self._pass_on(
                word.letter, word.share, letter, route, word.ciphertexts, key.pad, label
            )
        else:
            share = Secret(xor(key.pad, *word.ciphertexts))
            sent = await self._pass_on(word.letter, word.share, letter, route, (), share.reveal(), label)
        return Answer(label=sent.label, kept=sent.kept, tag=key.answer_tag(*_answer_text(sent)))

    async def _pass_on(
        self,
        packed: bytes,
        number: int,
        letter: Letter,
        route: Route,
        before: tuple[bytes, ...],
        value: bytes,
        label: str,
    ) -> Sent:
        """Seal a value for the next node and wait for its answer, which is of the whole route."""
        hop = self._hop(route)
        hop.promises.release((letter.relay, number))
        try:
            key = await hop.draw(letter.length + OVERHEAD, letter.oldest)
        except Refusal as refused:
            raise LinkRefused(f"link {hop.name}: {refused.message}", hop.name) from None
        sealed = Envelope(
            packed, number, key.id, (*before, xor(value, key.pad)), worst(label, key.label), b""
        )
        tag = key.tag(*_envelope_text(sealed, route, hop.neighbour))
        answer = await _agreed(hop, msgspec.structs.replace(sealed, tag=tag), letter, route)
        sent = Sent(answer.label, answer.kept)
        try:
            key.check_answer(answer.tag, *_answer_text(sent))
        except EnvelopeRefused as refused:
            raise LinkRefused(str(refused), hop.name) from None
        return sent

    async def _answer_void(self, word: Void, letter: Letter, route: Route) -> Answer:
        if self._node == route.nodes[-1]:
            key_ids = word.key_ids or letter.terms.key_ids
            if not set(key_ids) <= set(letter.terms.key_ids):
                raise LinkRefused("the keys are not those of the letter")
            await self._recipient.drop(letter, key_ids)
            return Answer()
        hop = self._hop(route)
        hop.promises.release((letter.relay, word.share))
        return await _asked(hop, word, letter, route)


async def _asked(hop: Hop, word: Word, letter: Letter, route: Route) -> Answer:
    try:
        left = len(route.links) - route.links.index(hop.name) - 1
        return await hop.ask(word, left + (HOPS_ABROAD if letter.onward else 0))
    except Refusal as refused:
        raise LinkRefused(f"link {hop.name}: {refused.message}", hop.name) from None


async def _agreed(hop: Hop, word: Word, letter: Letter, route: Route) -> Answer:
    """Raise what the other node answers, if it refuses."""
    answer = await _asked(hop, word, letter, route)
    if answer.refused:
        raise LinkRefused(answer.refused, answer.link)
    return answer


def _envelope_text(envelope: Envelope, route: Route, receiver: str) -> tuple[bytes, ...]:
    """All that an envelope's tag is over."""
    place = route.nodes.index(receiver)
    names = (route.nodes[place - 1], receiver, route.links[place - 1], str(envelope.share), envelope.label)
    return (*(name.encode() for name in names), envelope.letter, *envelope.ciphertexts)


def _answer_text(sent: Sent) -> tuple[bytes, ...]:
    """All that an answer's tag is over."""
    return sent.label.encode(), b"kept" if sent.kept else b"waits"

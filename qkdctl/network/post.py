"""Messages from node to node, in clear, along the best way that is up just now: what key streams need to agree.

They go under TLS from one neighbour to the next, as what nodes say of their links does. A node between that lies
can deny a stream to its ends and have link key spent; it cannot make two different chunks of one number, since
every chunk goes under the tags of a relay, and its name is given once at each end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from qkdctl.kme import words as kme_words
from qkdctl.kme.refusal import PEER_DOWN, Refusal, bad, unavailable
from qkdctl.network.letters import is_way
from qkdctl.network.routes import Wanted
from qkdctl.network.ways import Ways
from qkdctl.network.words import Message, Reply, Route

T = TypeVar("T")

WORK_S, EACH_HOP_S = 20.0, 2.0
"""How long an answer may take: the work at the last node is a whole relay."""

TRIES = 3
ANY_LINK = Wanted(0)


class Neighbour(Protocol):
    """The end of a link, as messages need it."""

    async def call(self, path: str, message: object, kind: type[T], timeout_s: float) -> T:
        """Say something to the node at the other end; raise the refusal if it does not answer."""
        ...


Hearer = Callable[[str, bytes], Awaitable[object]]
"""Answers what a node says: gets the node's name, and its words."""


class Post:
    """One node's messages.

    Parameters
    ----------
    node : str
    neighbours : mapping of str to Neighbour
        By link.
    ways : Ways

    Attributes
    ----------
    hearers : dict of str to Hearer
        By subject.
    """

    def __init__(self, node: str, neighbours: Mapping[str, Neighbour], ways: Ways) -> None:
        self._node = node
        self._neighbours = neighbours
        self._ways = ways
        self.hearers: dict[str, Hearer] = {}

    async def ask(self, node: str, subject: str, words: object, kind: type[T]) -> T:
        """Say something to a node of the domain, and read its answer.

        Raises
        ------
        Refusal
            If there is no answer, or it refuses.
        """
        failed: set[str] = set()
        for _ in range(TRIES):
            routes = self._ways.find(node, ANY_LINK, without=failed)
            if not routes:
                break
            reply = await self._pass_on(Message(routes[0], subject, kme_words.encode(words)))
            if reply.link:
                failed.add(reply.link)
            elif reply.refused:
                raise unavailable(reply.refused)
            else:
                return understood(reply.words, kind)
        raise unavailable(PEER_DOWN)

    async def answer(self, message: Message, link: str) -> Reply:
        """Answer the node at the other end of a link, or pass its message on."""
        route = message.route
        if not is_way(route) or self._node not in route.nodes[1:]:
            raise bad("the route of a message makes no sense")
        if route.links[route.nodes.index(self._node) - 1] != link:
            raise bad("this node is not the next one on the message's route")
        if self._node != route.nodes[-1]:
            return await self._pass_on(message)
        try:
            return Reply(kme_words.encode(await self._heard(message)))
        except Refusal as refused:
            return Reply(refused=refused.message)

    async def _pass_on(self, message: Message) -> Reply:
        route = message.route
        link = route.after(self._node) or ""
        if link not in self._neighbours:
            return Reply(refused=PEER_DOWN, link=link)
        patience_s = WORK_S + EACH_HOP_S * _left(route, self._node)
        try:
            return await self._neighbours[link].call("messages", message, Reply, patience_s)
        except Refusal as refused:
            return Reply(refused=refused.message, link=link)

    async def _heard(self, message: Message) -> Any:
        hearer = self.hearers.get(message.subject)
        if hearer is None:
            raise unavailable("the other node knows nothing of that")
        return await hearer(message.route.nodes[0], message.words)


def understood(words: bytes, kind: type[T]) -> T:
    """Read what another node says, packed.

    Raises
    ------
    Refusal
        If it is not that.
    """
    try:
        return kme_words.decode(words, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise unavailable("another node says what this one does not understand") from None


def _left(route: Route, node: str) -> int:
    """How many hops there are after the next one."""
    return len(route.links) - route.nodes.index(node) - 1

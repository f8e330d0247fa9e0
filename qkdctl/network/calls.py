"""What the node at the other end of a link calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from qkdctl.kme import words as kme_words
from qkdctl.kme.desk import Desk
from qkdctl.kme.peer_calls import PeerCalls, packed, said
from qkdctl.kme.refusal import NOT_KME, bad, unauthorised, unavailable
from qkdctl.network.light import Flash, Light
from qkdctl.network.linkend import CUT, LinkEnd
from qkdctl.network.linkstate import Advert, LinkStates
from qkdctl.network.post import Post
from qkdctl.network.relay import Relay
from qkdctl.network.words import Message, Word


class News(msgspec.Struct, frozen=True):
    """What neighbours tell each other of all links.

    Attributes
    ----------
    numbers : dict of str to tuple
        The newest advert that the speaker has of each node.
    adverts : list of Advert
        Those that the other one may lack.
    """

    numbers: dict[str, tuple[int, int]]
    adverts: list[Advert]


class LinkCalls:
    """The calls of one link, as handlers of aiohttp.

    Parameters
    ----------
    end : LinkEnd
    light : Light or None
        For a modelled link.
    relay : Relay
    post : Post
    states : LinkStates
    desk : Desk
    """

    def __init__(
        self,
        end: LinkEnd,
        light: Light | None,
        relay: Relay,
        post: Post,
        states: LinkStates,
        desk: Desk,
    ) -> None:
        self._end = end
        self._light = light
        self._relay = relay
        self._post = post
        self._states = states
        self._desk = desk

    def add_to(self, app: web.Application) -> None:
        """Add the calls below ``/links/NAME``."""
        prefix = f"/links/{self._end.name}"
        PeerCalls(self._end.link, self._end.agreement, self._desk, self._end.peer_kme).add_to(app, prefix)
        for name, handler in (
            ("relay", self._heard_word),
            ("states", self._heard_news),
            ("light", self._heard_flash),
            ("messages", self._heard_message),
        ):
            app.router.add_post(prefix + kme_words.PREFIX + name, handler)

    async def _heard_word(self, request: web.Request) -> web.Response:
        return await self._told(request, Word, lambda word: self._relay.answer(word, self._end.name))

    async def _heard_message(self, request: web.Request) -> web.Response:
        return await self._told(request, Message, lambda message: self._post.answer(message, self._end.name))

    async def _heard_news(self, request: web.Request) -> web.Response:
        return await self._told(request, News, self._news)

    async def _heard_flash(self, request: web.Request) -> web.Response:
        if self._light is None:
            raise bad("this link is not a modelled one")
        return await self._told(request, Flash, self._light.flashed)

    async def _news(self, news: News) -> News:
        self._states.take(news.adverts)
        # Once the other one has heard the answer it lacks nothing.
        self._end.known_there = self._states.numbers()
        return News(self._states.numbers(), self._states.newer_than(news.numbers))

    async def _told(
        self, request: web.Request, kind: Any, answer: Callable[[Any], Awaitable[object]]
    ) -> web.Response:
        if self._desk.door.kme(request) != self._end.peer_kme:
            raise unauthorised(NOT_KME)
        if not self._end.up:
            raise unavailable(CUT.format(self._end.name))
        self._end.heard()
        return packed(await answer(await said(request, kind)))

"""What the KME at the other end of a link calls, over HTTPS with both certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from qkdctl.kme import words
from qkdctl.kme.agreement import Agreement
from qkdctl.kme.desk import HEADERS, Desk
from qkdctl.kme.link import KmeLink
from qkdctl.kme.refusal import NOT_KME, bad, unauthorised
from qkdctl.kme.words import Grant, Held, Match, StreamEcho, StreamNews, Wish

T = TypeVar("T")


class PeerCalls:
    """The calls of one link, as handlers of aiohttp.

    Parameters
    ----------
    link : KmeLink
    agreement : Agreement
    desk : Desk
    peer : str
        The ID of that KME.
    hear : callable, optional
        Hears of key streams.
    """

    def __init__(
        self,
        link: KmeLink,
        agreement: Agreement,
        desk: Desk,
        peer: str,
        hear: Callable[[StreamNews], StreamEcho] | None = None,
    ) -> None:
        self._peer = peer
        self._hear = hear
        self._link = link
        self._agreement = agreement
        self._door = desk.door

    def add_to(self, app: web.Application, prefix: str = "") -> None:
        """Add the calls, below a path."""
        calls = {
            "match": self._match,
            "grants": self._grants,
            "wishes": self._wishes,
            "held": self._held,
            "streams": self._streams,
        }
        for name, handler in calls.items():
            app.router.add_post(prefix + words.PREFIX + name, handler)

    async def _match(self, request: web.Request) -> web.Response:
        return await self._told(request, Match, self._agreement.answer)

    async def _grants(self, request: web.Request) -> web.Response:
        return await self._told(request, list[Grant], each(self._link.answer_grant))

    async def _wishes(self, request: web.Request) -> web.Response:
        return await self._told(request, list[Wish], each(self._link.answer_wish))

    async def _held(self, request: web.Request) -> web.Response:
        return await self._told(request, Held, self._link.answer_held)

    async def _streams(self, request: web.Request) -> web.Response:
        return await self._told(request, StreamNews, self._heard)

    async def _heard(self, news: StreamNews) -> StreamEcho:
        return self._hear(news) if self._hear else StreamEcho(in_use=True)

    async def _told(
        self, request: web.Request, kind: type[T], answer: Callable[[T], Awaitable[object]]
    ) -> web.Response:
        if self._door.kme(request) != self._peer:
            raise unauthorised(NOT_KME)
        return packed(await answer(await said(request, kind)))


async def said(request: web.Request, kind: type[T]) -> T:
    """Read what another KME says.

    Raises
    ------
    Refusal
        If it is not that.
    """
    try:
        return words.decode(await request.read(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad(f"the other KME says what this one does not understand: {error}") from None


def packed(answer: object) -> web.Response:
    """Write an answer to another KME."""
    return web.Response(body=words.encode(answer), content_type=words.CONTENT_TYPE, headers=HEADERS)


def each(answer: Callable[[Any], Awaitable[Any]]) -> Callable[[list[Any]], Awaitable[list[Any]]]:
    """Answer all at once, so that they share a transaction."""

    async def answer_all(items: list[Any]) -> list[Any]:
        return await asyncio.gather(*map(answer, items))

    return answer_all

"""The monitor's web server: one page, its figures, and the same as metrics. It takes orders only where it has a desk.

Figures are asked for by the page, so a browser that is slow or gone costs nothing; and everything shown comes
from telemetry that may be lost, so no browser can slow a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from qkdctl.monitor.board import Board
from qkdctl.monitor.desk import Desk, Refused
from qkdctl.monitor.frame import framed
from qkdctl.monitor.login import Login
from qkdctl.monitor.metrics import Metrics

LISTEN_S = 0.25
LOOK_EVERY = 4
"""So many rounds of listening to one look for new sessions."""

SCRIPTS = ("monitor.js", "desk.js")

COOKIE = "qkdctl-desk"
MAX_ORDER = 4096


@dataclass(frozen=True)
class Control:
    """What can be operated, and who may."""

    desk: Desk
    login: Login

    def figures(self, cookie: str) -> dict[str, Any]:
        """Give what is shown of it to whoever has this cookie."""
        return {**self.desk.figures(), "logged_in": self.login.known(cookie)}


BOARD = web.AppKey("board", Board)
CONTROL = web.AppKey("control", Control)
Told = Callable[[Board], None]


def application(
    board: Board,
    hosts: frozenset[str],
    told: Told = lambda board: None,
    control: Control | None = None,
) -> web.Application:
    """Make the server.

    Parameters
    ----------
    board : Board
    hosts : frozenset of str
        Names by which it may be called; a page elsewhere that has bent a name to this address gets nothing.
    told : callable
        Called after each round of listening: hooks.
    control : Control, optional
        What can be operated, and by whom; nothing by default.
    """
    app = framed("qkdctl monitor", files("qkdctl.monitor"), SCRIPTS, hosts)
    app[BOARD] = board
    app.router.add_get("/state.json", _state)
    app.router.add_get("/metrics", _metrics)
    if control is not None:
        app[CONTROL] = control
        app.router.add_post("/login", _login)
        app.router.add_post("/order", _order)
        app.cleanup_ctx.append(lambda app: _desk(app[CONTROL].desk))
    app.cleanup_ctx.append(lambda app: _listening(app[BOARD], told))
    return app


async def _listening(board: Board, told: Told):  # type: ignore[no-untyped-def] # aiohttp's own kind of context
    async def listen() -> None:
        rounds = 0
        while True:
            if rounds % LOOK_EVERY == 0:
                board.look()
            board.listen()
            told(board)
            rounds += 1
            await asyncio.sleep(LISTEN_S)

    task = asyncio.create_task(listen())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    board.close()


async def _desk(desk: Desk):  # type: ignore[no-untyped-def] # aiohttp's own kind of context
    await desk.up()
    yield
    await desk.down()


async def _login(request: web.Request) -> web.Response:
    token = (await _json(request)).get("token")
    cookie = request.app[CONTROL].login.enter(token) if isinstance(token, str) else None
    if cookie is None:
        raise web.HTTPForbidden(text="that is not the token; wait a second before the next try")
    response = web.Response(status=204)
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", path="/")
    return response


async def _order(request: web.Request) -> web.Response:
    control = request.app[CONTROL]
    if not control.login.known(request.cookies.get(COOKIE, "")):
        raise web.HTTPForbidden(text="log in first")
    try:
        await control.desk.obey(await _json(request))
    except Refused as error:
        raise web.HTTPConflict(text=str(error)) from None
    return web.Response(status=204)


async def _json(request: web.Request) -> dict[str, Any]:
    """Read an order. Pages elsewhere cannot send this kind of content without asking first, and are refused then."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="orders are JSON")
    try:
        found = msgspec.json.decode(await request.content.read(MAX_ORDER + 1), type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise web.HTTPBadRequest(text="orders are JSON objects") from None
    return found


async def _state(request: web.Request) -> web.Response:
    control = request.app.get(CONTROL)
    desk = None if control is None else control.figures(request.cookies.get(COOKIE, ""))
    body = msgspec.json.encode({**request.app[BOARD].figures(), "desk": desk})
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


async def _metrics(request: web.Request) -> web.Response:
    registry = CollectorRegistry()
    registry.register(Metrics(request.app[BOARD]))
    body = generate_latest(registry)  # type: ignore[no-untyped-call] # the package leaves it untyped
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

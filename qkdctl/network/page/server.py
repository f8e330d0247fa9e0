"""The page's web server; it takes no orders."""

from __future__ import annotations

import asyncio
from importlib.resources import files

import msgspec
from aiohttp import web

from qkdctl.monitor.frame import framed
from qkdctl.network.page.board import NetworkBoard

BOARD = web.AppKey("board", NetworkBoard)


def application(board: NetworkBoard, hosts: frozenset[str]) -> web.Application:
    """Make the server.

    Parameters
    ----------
    board : NetworkBoard
    hosts : frozenset of str
        Names by which it may be called.
    """
    app = framed("qkdctl network", files("qkdctl.network.page"), ("network.js",), hosts)
    app[BOARD] = board
    app.router.add_get("/network.json", _state)
    return app


async def _state(request: web.Request) -> web.Response:
    figures = await asyncio.to_thread(request.app[BOARD].figures)
    body = msgspec.json.encode(figures)
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

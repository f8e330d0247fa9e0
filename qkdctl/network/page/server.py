"""The page's web server; it takes no orders."""

from __future__ import annotations

import asyncio
from importlib.resources import files

import msgspec
from aiohttp import web

from qkdctl.monitor.server import guarded, plotly_script, static_file
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
    app = web.Application(middlewares=[guarded(hosts)])
    app[BOARD] = board
    app.router.add_get("/", _page)
    app.router.add_get("/network.js", _script)
    app.router.add_get("/monitor.css", _style)
    app.router.add_get("/plotly.min.js", plotly_script)
    app.router.add_get("/network.json", _state)
    return app


async def _page(request: web.Request) -> web.Response:
    return static_file(files("qkdctl.network.page"), "index.html")


async def _script(request: web.Request) -> web.Response:
    return static_file(files("qkdctl.network.page"), "network.js")


async def _style(request: web.Request) -> web.Response:
    return static_file(files("qkdctl.monitor"), "monitor.css")


async def _state(request: web.Request) -> web.Response:
    figures = await asyncio.to_thread(request.app[BOARD].figures)
    body = msgspec.json.encode(figures)
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

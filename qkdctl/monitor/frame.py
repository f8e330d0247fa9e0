"""The frame of all pages for the browser: who may call them, what they may load, their head, style, script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

import plotly
from aiohttp import web
from aiohttp.typedefs import Middleware

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
KINDS = {".js": "text/javascript", ".css": "text/css"}
COMMON = ("page.js", "page.css")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def framed(
    title: str, package: Traversable, scripts: Sequence[str], hosts: frozenset[str]
) -> web.Application:
    """Make a server that has a page.

    Parameters
    ----------
    title : str
    package : Traversable
        Its folder ``static`` has ``body.html`` and the scripts.
    scripts : sequence of str
        What the page runs beside Plotly and the common script.
    hosts : frozenset of str
        Names by which it may be called; a page elsewhere that has bent a name to this address gets nothing.
    """
    app = web.Application(middlewares=[_guarded(hosts)])
    app.router.add_get("/", partial(_page, title, package, scripts))
    for name in COMMON:
        app.router.add_get(f"/{name}", partial(_file, files("qkdctl.monitor"), name))
    for name in scripts:
        app.router.add_get(f"/{name}", partial(_file, package, name))
    app.router.add_get("/plotly.min.js", _plotly)
    return app


def _guarded(hosts: frozenset[str]) -> Middleware:
    """Nobody calls the pages by another name, and nothing comes from elsewhere."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if (request.url.host or "") not in hosts:
            raise web.HTTPMisdirectedRequest(
                text="this page is not called that; --host and --name say how it is called"
            )
        response = await handler(request)
        response.headers.update(HEADERS)
        return response

    return guard


async def _page(title: str, package: Traversable, scripts: Sequence[str], _: web.Request) -> web.Response:
    frame = Template(files("qkdctl.monitor").joinpath("static", "page.html").read_text(encoding="utf-8"))
    lines = "\n".join(f'<script src="{name}" defer></script>' for name in scripts)
    body = package.joinpath("static", "body.html").read_text(encoding="utf-8")
    text = frame.substitute(title=title, scripts=lines, body=body)
    return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-cache"})


async def _file(package: Traversable, name: str, _: web.Request) -> web.Response:
    body = package.joinpath("static", name).read_bytes()
    kind = KINDS[Path(name).suffix]
    return web.Response(body=body, content_type=kind, charset="utf-8", headers={"Cache-Control": "no-cache"})


async def _plotly(request: web.Request) -> web.FileResponse:
    """Plotly's script, as its package brings it."""
    path = Path(str(plotly.__file__)).parent / "package_data" / "plotly.min.js"
    return web.FileResponse(path, headers={"Cache-Control": "max-age=86400"})

"""ETSI GS QKD 014 over HTTPS: what applications call."""

from __future__ import annotations

from aiohttp import web

from qkdctl.kme import messages
from qkdctl.kme.desk import Desk, json_response
from qkdctl.kme.openapi import document
from qkdctl.kme.refusal import Refusal
from qkdctl.kme.service import Service

MOST_BYTES = 64 * 1024


class KeyCalls:
    """The calls, as handlers of aiohttp.

    Parameters
    ----------
    service : Service
    desk : Desk
    """

    def __init__(self, service: Service, desk: Desk) -> None:
        self._service = service
        self._door = desk.door

    def add_to(self, app: web.Application) -> None:
        """Add the calls."""
        keys = "/api/v1/keys/{sae}"
        app.router.add_get(f"{keys}/status", self._status)
        for method in ("GET", "POST"):
            app.router.add_route(method, f"{keys}/enc_keys", self._enc_keys)
            app.router.add_route(method, f"{keys}/dec_keys", self._dec_keys)
        app.router.add_get("/openapi.json", self._openapi)

    async def _status(self, request: web.Request) -> web.Response:
        caller = self._door.sae(request)
        return json_response(await self._service.status(caller, request.match_info["sae"]))

    async def _enc_keys(self, request: web.Request) -> web.Response:
        caller = self._door.sae(request)
        if request.method == "POST":
            wanted = messages.read_request(await _body(request))
        else:
            wanted = messages.read_query(request.query)
        return json_response(await self._service.get_keys(caller, request.match_info["sae"], wanted))

    async def _dec_keys(self, request: web.Request) -> web.Response:
        caller = self._door.sae(request)
        if request.method == "POST":
            key_ids = messages.read_key_ids(await _body(request))
        else:
            key_ids = messages.read_key_id_query(list(request.query.items()))
        return json_response(await self._service.get_keys_by_id(caller, request.match_info["sae"], key_ids))

    async def _openapi(self, request: web.Request) -> web.Response:
        self._door.sae(request)
        return json_response(document())


async def _body(request: web.Request) -> bytes:
    body = await request.read()
    if len(body) > MOST_BYTES:
        raise Refusal(413, f"the body has {len(body)} bytes, expected at most {MOST_BYTES}")
    return body

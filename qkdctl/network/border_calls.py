"""ETSI GS QKD 020 over HTTPS: what the KME of another domain calls, and the calls to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from qkdctl.keystore.secret import Secret
from qkdctl.kme.desk import HEADERS, Desk, json_response
from qkdctl.kme.refusal import Refusal, bad, unavailable
from qkdctl.kme.revocation import RevocationList
from qkdctl.kme.tls import client_context, expecting
from qkdctl.network.border import Border
from qkdctl.network.border_words import (
    ACK,
    EXT_KEYS,
    VERSIONS,
    VOID,
    Ack,
    ExtKey,
    ExtKeys,
    KeyName,
    VoidKeys,
    read,
)
from qkdctl.network.receiver import cut
from qkdctl.network.spec import BorderSpec
from qkdctl.network.words import Letter

TIMEOUT_S = 5.0


class BorderCalls:
    """The calls of one border, as handlers of aiohttp.

    Parameters
    ----------
    border : Border
    spec : BorderSpec
    desk : Desk
    """

    def __init__(self, border: Border, spec: BorderSpec, desk: Desk) -> None:
        self._border = border
        self._url = spec.peer_url
        self._door = desk.door

    def add_to(self, app: web.Application) -> None:
        """Add the calls."""
        app.router.add_get(VERSIONS, self._versions)
        app.router.add_post(EXT_KEYS, self._ext_keys)
        app.router.add_post(ACK, self._ack)
        app.router.add_post(VOID, self._void)

    async def _versions(self, request: web.Request) -> web.Response:
        self._door.kme(request)
        return json_response({"versions": ["v1"]})

    async def _ext_keys(self, request: web.Request) -> web.Response:
        self._door.kme(request)
        keys = read(await request.read(), ExtKeys, "keys to hand over")
        self._check_callback(keys.ack_callback_url)
        self._border.receive(keys)
        return _accepted()

    async def _ack(self, request: web.Request) -> web.Response:
        self._door.kme(request)
        self._border.heard(read(await request.read(), list[Ack], "a list of acknowledgements"))
        return web.Response(headers=HEADERS)

    async def _void(self, request: web.Request) -> web.Response:
        self._door.kme(request)
        void = read(await request.read(), VoidKeys, "keys to void")
        self._check_callback(void.ack_callback_url)
        self._border.revoke(void)
        return _accepted()

    def _check_callback(self, url: str) -> None:
        """Nobody else is called than the KME that this border is to."""
        if url != self._url + ACK:
            raise bad(f"ack_callback_url is {url[:200]!r}, expected {self._url + ACK!r}")


class BorderClient:
    """The KME over there: an :class:`~qkdctl.network.border.Abroad`.

    Parameters
    ----------
    spec : BorderSpec
    certificate, private_key : Path
        What this KME shows.
    revoked : RevocationList
        Of the other domain's CA.
    """

    def __init__(
        self, spec: BorderSpec, certificate: Path, private_key: Path, revoked: RevocationList
    ) -> None:
        context = client_context(certificate, private_key, Path(spec.ca))
        context.sslobject_class = expecting(spec.peer_kme, revoked)
        self._spec = spec
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context), timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        )

    async def hand_over(self, letter: Letter, keys: Secret, made_of: str, targets: Sequence[str]) -> None:
        """See :class:`~qkdctl.network.border.Abroad`."""
        terms = letter.terms
        label = json.loads(made_of)["qkdctl_label"]
        values = cut(keys.reveal(), len(terms.key_ids))
        what = {"qkdctl_label": label}
        if terms.hybrid:
            what["qkdctl_kem"] = terms.hybrid.suite.kem
        told = [
            ExtKey(key_id, base64.b64encode(value).decode(), what)
            for key_id, value in zip(terms.key_ids, values, strict=True)
        ]
        wanted: dict[str, Any] = {"qkdctl_min_paths": letter.min_paths} if letter.min_paths > 1 else {}
        if letter.suite:
            wanted["qkdctl_hybrid"] = {"kem": letter.suite.kem}
        message = ExtKeys(told, terms.master, list(targets), self._callback, wanted)
        await self._post(EXT_KEYS, message, 202)

    async def void(self, letter: Letter, targets: Sequence[str]) -> None:
        """See :class:`~qkdctl.network.border.Abroad`."""
        names = [KeyName(key_id) for key_id in letter.terms.key_ids]
        message = VoidKeys(names, letter.terms.master, list(targets), self._callback)
        await self._post(f"{VOID}?all_confirmation=true", message, 202)

    async def acknowledge(self, acks: Sequence[Ack]) -> None:
        """See :class:`~qkdctl.network.border.Abroad`."""
        await self._post(ACK, list(acks), 200)

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    @property
    def _callback(self) -> str:
        return self._spec.url + ACK

    async def _post(self, path: str, message: object, expected: int) -> None:
        data = msgspec.json.encode(message)
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(self._spec.peer_url + path, data=data, headers=headers) as response:
                if response.status != expected:
                    raise Refusal(503, f"its KME answers {response.status}: {await _message(response)}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise unavailable(f"its KME does not answer: {error or type(error).__name__}") from None


async def _message(response: aiohttp.ClientResponse) -> str:
    body = await response.content.read(4096)
    try:
        return str(json.loads(body)["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return "and gives no reason"


def _accepted() -> web.Response:
    return web.Response(status=202, headers=HEADERS)

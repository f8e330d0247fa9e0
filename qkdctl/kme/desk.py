"""Where all calls come in: what goes wrong becomes an Error object, and who was refused is noted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from qkdctl.errors import RecordingError
from qkdctl.kme.auditor import Auditor
from qkdctl.kme.door import Door
from qkdctl.kme.refusal import STORE_FAILED, Refusal, unavailable

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST_BYTES_FROM_KME = 4 * 2**20
HEADERS = {"Cache-Control": "no-store"}
RETRY_AFTER_S = "1"


class Desk:
    """The frame of a KME's calls.

    Parameters
    ----------
    door : Door
    auditor : Auditor

    Attributes
    ----------
    door : Door
        Tells who asks.
    """

    def __init__(self, door: Door, auditor: Auditor) -> None:
        self.door = door
        self._auditor = auditor

    def application(self) -> web.Application:
        """Give what aiohttp serves; calls are added to it."""
        # A body from another KME is a batch of requests; those from applications are checked by their calls.
        return web.Application(middlewares=[self._guard], client_max_size=MOST_BYTES_FROM_KME)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return self._refused(request, refusal)
        except web.HTTPException as error:
            response = self._refused(request, Refusal(error.status, error.reason))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except RecordingError as error:
            log.error("%s", error)  # noqa: TRY400 - a sentence, and no traceback
            return self._refused(request, unavailable(STORE_FAILED))
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a mistake in qkdctl")
            return self._refused(request, unavailable(STORE_FAILED))

    def _refused(self, request: web.Request, refusal: Refusal) -> web.Response:
        if refusal.status == 401 or refusal.status == 503:
            self._auditor.refused(refusal.message, who=self.door.who(request), call=request.path[:200])
        response = json_response(refusal.body(), refusal.status)
        if refusal.status == 503:
            response.headers["Retry-After"] = RETRY_AFTER_S
        return response


def json_response(value: object, status: int = 200) -> web.Response:
    """Write an answer as JSON that nobody keeps."""
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=HEADERS)

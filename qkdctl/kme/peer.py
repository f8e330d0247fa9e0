"""The way to the other KME."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from qkdctl.kme import words
from qkdctl.kme.batches import Batches
from qkdctl.kme.config import Peer
from qkdctl.kme.revocation import RevocationList
from qkdctl.kme.tls import client_context, expecting
from qkdctl.kme.words import Answer, Grant, Held, Match, Matched, StreamEcho, StreamNews, Wish

T = TypeVar("T")

TIMEOUT_S = 5.0
MOST_BYTES = 2**24
LANES = 2
"""Messages of a kind on their way at once: the one KME works while the other does."""


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Read a body to its end, or to what is too much."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise PeerUnavailable(f"it answers with more than {MOST_BYTES} bytes")
    return bytes(body)


class PeerUnavailable(Exception):
    """The other KME cannot be reached, or does not understand."""


class PeerLink:
    """Speaks to the other KME; what is asked at once goes in one message.

    Parameters
    ----------
    peer : Peer
    certificate, private_key, ca : Path
        What this KME shows, and who signed the other's certificate.
    revoked : RevocationList, optional
        Who is on it is told nothing.
    """

    def __init__(
        self,
        peer: Peer,
        certificate: Path,
        private_key: Path,
        ca: Path,
        revoked: RevocationList | None = None,
    ) -> None:
        self._url = peer.url.rstrip("/") + words.PREFIX
        context = client_context(certificate, private_key, ca)
        context.sslobject_class = expecting(peer.id, revoked)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Content-Type": words.CONTENT_TYPE},
        )
        self._grants: Batches[Grant, Answer] = Batches(self._send_grants, lanes=LANES)
        self._wishes: Batches[Wish, Answer] = Batches(self._send_wishes, lanes=LANES)

    async def grant(self, grant: Grant) -> Answer:
        """Tell where keys are cut."""
        return await self._grants.ask(grant)

    async def wish(self, wish: Wish) -> Answer:
        """Ask for keys."""
        return await self._wishes.ask(wish)

    async def match(self, match: Match) -> Matched:
        """Ask which blocks the other holds.

        Raises
        ------
        PeerUnavailable
            As do the others.
        """
        return await self.post("match", match, Matched)

    async def held(self, key_id: str) -> bool:
        """Ask whether the other has a key."""
        return key_id in (await self.post("held", Held((key_id,)), Held)).key_ids

    async def stream(self, news: StreamNews) -> StreamEcho:
        """Tell of a key stream."""
        return await self.post("streams", news, StreamEcho)

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    async def _send_grants(self, grants: list[Grant]) -> list[Answer]:
        return await self.post("grants", grants, list[Answer])

    async def _send_wishes(self, wishes: list[Wish]) -> list[Answer]:
        return await self.post("wishes", wishes, list[Answer])

    async def post(self, path: str, message: Any, kind: type[T], timeout_s: float = TIMEOUT_S) -> T:
        """Say something, and read the answer as something.

        Raises
        ------
        PeerUnavailable
            If there is none.
        """
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        data = words.encode(message)
        try:
            async with self._session.post(self._url + path, data=data, timeout=timeout) as response:
                body = await _whole(response)
                if response.status != 200:
                    raise PeerUnavailable(f"it answers {response.status}: {body[:200]!r}")
            return words.decode(body, type=kind)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerUnavailable(str(error) or type(error).__name__) from None

"""The applications at other KMEs with which there can be streams, and the way to tell those KMEs of ends here."""

from __future__ import annotations

from typing import Protocol

from qkdctl.kme.config import Peer
from qkdctl.kme.peer import PeerLink, PeerUnavailable
from qkdctl.kme.words import StreamEcho, StreamNews


class Others(Protocol):
    """What a KME's streams need of all other KMEs."""

    def serve(self, sae: str) -> bool:
        """Tell whether one of them serves an application."""
        ...

    async def tell(self, news: StreamNews) -> StreamEcho:
        """Tell the one that serves ``news.other`` of an end here.

        Raises
        ------
        PeerUnavailable
            If it does not answer.
        """
        ...


class OtherEnd:
    """The KME at the other end of a link, if there is one.

    Parameters
    ----------
    config : Peer or None
    peer : PeerLink or None
    """

    def __init__(self, config: Peer | None, peer: PeerLink | None) -> None:
        self._saes = config.saes if config else ()
        self._peer = peer

    def serve(self, sae: str) -> bool:
        """See :class:`Others`."""
        return sae in self._saes

    async def tell(self, news: StreamNews) -> StreamEcho:
        """See :class:`Others`."""
        if self._peer is None:
            raise PeerUnavailable("there is no other KME")
        return await self._peer.stream(news)

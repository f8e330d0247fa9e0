"""A link and the carrier under it, pumped together."""

from __future__ import annotations

from postproc.link import Link, LinkFailed
from qkdctl.carriers.base import Carrier

AT_ONCE = 1024
"""Packets taken in one turn: whoever sends faster than they can be read keeps nobody from all else there is to do."""


class Joint:
    """One end of a connection.

    Parameters
    ----------
    link : Link
    carrier : Carrier
    name : str
        What it connects to, for messages.

    Attributes
    ----------
    link : Link
        Send, receive and acknowledge here.
    """

    def __init__(self, link: Link, carrier: Carrier, name: str = "the neighbour") -> None:
        self.link = link
        self._carrier = carrier
        self._name = name

    def pump(self, now_s: float) -> None:
        """Take what has come, send what is due.

        Raises
        ------
        LinkFailed
            If the other end is gone or has started anew.
        """
        try:
            for _ in range(AT_ONCE):
                if (packet := self._carrier.receive()) is None:
                    break
                self.link.hear(packet, now_s)
            for packet in self.link.packets(now_s):
                self._carrier.send(packet)
        except LinkFailed as error:
            raise LinkFailed(f"{self._name}: {error}") from None

    def close(self) -> None:
        """Let go of the carrier."""
        self._carrier.close()

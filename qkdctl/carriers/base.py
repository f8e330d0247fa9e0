"""What a link needs of its carrier."""

from __future__ import annotations

from typing import Protocol


class Carrier(Protocol):
    """One end of a carrier. Neither call waits."""

    def send(self, packet: bytes) -> None:
        """Give a packet away; where it cannot go now, it is lost, and the link will send it again."""
        ...

    def receive(self) -> bytes | None:
        """Give the next packet that has come; None where none has."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...

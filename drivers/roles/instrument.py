"""What every instrument can do."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drivers.identity import Finding, Identity


@runtime_checkable
class Instrument(Protocol):
    """Anything with a line to it. One thread at a time may use it; a lock sees to that."""

    name: str

    def identity(self) -> Identity:
        """Tell who it is; asked once for each line."""
        ...

    def self_test(self) -> list[Finding]:
        """Look at everything that can be wrong with it, and say so in plain words."""
        ...

    def make_safe(self) -> None:
        """Bring it where it can be left alone: lasers off, shutters closed, streams ended."""
        ...

    def close(self) -> None:
        """Make it safe and let go of it; closing twice does no harm."""
        ...

"""Where a segment's traffic can be recorded."""

from __future__ import annotations

from typing import Protocol

from postproc.traffic import Traffic


class Tap(Protocol):
    """Sees what passes through a segment."""

    def took(self, item: bytes) -> None:
        """See an item from upstream."""
        ...

    def said(self, frame: bytes) -> None:
        """See a frame to the peer."""
        ...

    def heard(self, frame: bytes) -> None:
        """See a frame from the peer."""
        ...

    def gave(self, result: Traffic) -> None:
        """See what leaves the last stage."""
        ...


class NoTap:
    """Records nothing."""

    def took(self, item: bytes) -> None:
        """See :class:`Tap`."""

    def said(self, frame: bytes) -> None:
        """See :class:`Tap`."""

    def heard(self, frame: bytes) -> None:
        """See :class:`Tap`."""

    def gave(self, result: Traffic) -> None:
        """See :class:`Tap`."""

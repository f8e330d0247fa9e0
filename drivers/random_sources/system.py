"""The operating system's random numbers (``getrandom``)."""

from __future__ import annotations

import os
import platform

from drivers.identity import Identity
from drivers.random_sources.watched import WatchedSource


class SystemRandom(WatchedSource):
    """The operating system. It is as real as it gets, whatever else is emulated."""

    PORTS = ()

    def raw(self, n: int) -> bytes:
        """See :class:`WatchedSource`."""
        return os.urandom(n)

    def identify(self) -> Identity:
        """Name the system."""
        return Identity(platform.system(), "getrandom", "operating system", platform.release())

"""``sdk:`` and ``recording:`` addresses: what is reached through a library, and through no line."""

from __future__ import annotations

from drivers.errors import ConnectionFailed
from drivers.transport.base import RealTime


class SdkTransport(RealTime):
    """No line, only what the vendor's library calls the instrument.

    Parameters
    ----------
    name : str
        Such as a serial number; empty for the only one there is.
    """

    def __init__(self, name: str) -> None:
        self.address, self.name = f"sdk:{name}", name

    def write(self, data: bytes) -> None:
        """Refuse: only the library speaks to it."""
        raise ConnectionFailed(f"{self.address}: is reached through its vendor's library only")

    def read(self, timeout_s: float) -> bytes:
        """Refuse: only the library speaks to it."""
        raise ConnectionFailed(f"{self.address}: is reached through its vendor's library only")

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""


class RecordingPlace(SdkTransport):
    """No line either, only a file with a recording.

    Parameters
    ----------
    name : str
        The file.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.address = f"recording:{name}"

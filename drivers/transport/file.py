"""A character device that is only read, such as a hardware random number generator."""

from __future__ import annotations

import os
import select

from drivers.errors import ConnectionFailed, NoAnswer
from drivers.transport.base import RealTime

CHUNK = 2**12


class FileTransport(RealTime):
    """An open device.

    Parameters
    ----------
    path : str

    Raises
    ------
    ConnectionFailed
        If it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self.address = f"file://{path}"
        self._open = False
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise ConnectionFailed(
                f"{self.address}: cannot be opened ({error.strerror}); check that the device is there and that this "
                "user may read it"
            ) from None
        self._open = True

    def write(self, data: bytes) -> None:
        """Refuse: nothing can be said to such a device."""
        raise ConnectionFailed(f"{self.address}: is only read, and {len(data)} bytes were to be written")

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        if not self._open:
            raise ConnectionFailed(f"{self.address}: is closed")
        try:
            ready, _, _ = select.select([self._descriptor], [], [], max(timeout_s, 0))
            data = os.read(self._descriptor, CHUNK) if ready else None
        except OSError as error:
            raise ConnectionFailed(f"{self.address}: cannot be read ({error.strerror})") from None
        if data is None:
            raise NoAnswer(f"{self.address}: gave nothing within {timeout_s:g} s")
        if not data:
            raise ConnectionFailed(f"{self.address}: has come to its end; a random source must not have one")
        return data

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        if self._open:
            os.close(self._descriptor)
        self._open = False

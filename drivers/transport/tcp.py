"""A TCP socket."""

from __future__ import annotations

import socket

from drivers.errors import ConnectionFailed, NoAnswer
from drivers.transport.base import RealTime

CONNECT_TIMEOUT_S = 5.0
CHUNK = 2**16


class TcpTransport(RealTime):
    """A connected socket.

    Parameters
    ----------
    host, port : str, int
        Where the instrument listens.

    Raises
    ------
    ConnectionFailed
        If nobody does.
    """

    def __init__(self, host: str, port: int) -> None:
        self.address = f"tcp://{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
        except OSError as error:
            raise ConnectionFailed(
                f"{self.address}: nothing answers ({error.strerror or error}); check that the instrument is on and "
                "its address is right"
            ) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            self._socket.settimeout(CONNECT_TIMEOUT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise ConnectionFailed(f"{self.address}: the line went dead ({error})") from None

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            self._socket.settimeout(max(timeout_s, 1e-4))
            data = self._socket.recv(CHUNK)
        except TimeoutError:
            raise NoAnswer(f"{self.address}: no answer within {timeout_s:g} s") from None
        except OSError as error:
            raise ConnectionFailed(f"{self.address}: the line went dead ({error})") from None
        if not data:
            raise ConnectionFailed(f"{self.address}: the instrument closed the connection")
        return data

    def waiting(self) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            self._socket.setblocking(False)
            return self._socket.recv(CHUNK)
        except OSError:
            # Nothing came, or the line is dead, which the next word on it will tell.
            return b""

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._socket.close()

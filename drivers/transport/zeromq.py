"""ZeroMQ sockets; each message is one item of :meth:`read` and :meth:`write`."""

from __future__ import annotations

import zmq

from drivers.errors import ConnectionFailed, NoAnswer
from drivers.transport.base import RealTime

PATTERNS = {"req": zmq.REQ, "pair": zmq.PAIR}
QUEUE = 1000
LINGER_MS = 0


class ZeroMqTransport(RealTime):
    """A connected socket.

    Parameters
    ----------
    host, port : str, int
    pattern : {"req", "pair"}
        REQ for requests and replies. A REQ whose answer never came accepts a new request all the same
        (``REQ_RELAXED``), and a late answer is not taken for the new one's (``REQ_CORRELATE``).
    """

    def __init__(self, host: str, port: int, pattern: str = "req") -> None:
        self.address = f"zmq://{host}:{port}"
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(PATTERNS[pattern])
        self._socket.setsockopt(zmq.LINGER, LINGER_MS)
        self._socket.setsockopt(zmq.RCVHWM, QUEUE)
        if pattern == "req":
            self._socket.setsockopt(zmq.REQ_RELAXED, 1)
            self._socket.setsockopt(zmq.REQ_CORRELATE, 1)
        self._socket.connect(f"tcp://{host}:{port}")

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            self._socket.send(data, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise ConnectionFailed(f"{self.address}: cannot send ({error})") from None

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        if not self._socket.poll(max(round(timeout_s * 1000), 0)):
            raise NoAnswer(
                f"{self.address}: no answer within {timeout_s:g} s; ZeroMQ cannot tell a slow instrument from none"
            )
        return self._socket.recv()

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._socket.close()

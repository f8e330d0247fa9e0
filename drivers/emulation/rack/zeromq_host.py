"""ZeroMQ sockets of the rack: one that answers any number of clients, and one that pours to a single one."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import zmq

from drivers.emulation.rack.instrument import LOOPBACK, Instrument
from drivers.emulation.rack.pump import Pump
from drivers.transport.memory import Line, Port, Replies

#: Messages that may wait for a reader before the model is told that it is slow.
HIGH_WATER = 32
#: How soon sending is tried again.
#: From here on a message is not worth a copy.
LARGE = 2**16
AGAIN_S = 0.001
#: The envelope of a message in front of it, while it goes through the pump: number of parts, length of each.
LENGTH_BYTES = 4


class ZmqHost:
    """What both have in common: a socket in the rack's event loop.

    Parameters
    ----------
    instrument : Instrument
    port : Port
    kind : int
        Kind of socket.
    """

    def __init__(self, instrument: Instrument, port: Port, kind: int) -> None:
        self.instrument, self.port = instrument, port
        self._loop = asyncio.get_running_loop()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._place = f"{LOOPBACK}:{self._socket.bind_to_random_port(f'tcp://{LOOPBACK}')}"
        self.address = f"zmq://{self._place}"
        self._descriptor: Any = self._socket.getsockopt(zmq.FD)
        self._loop.add_reader(self._descriptor, self._readable)

    def cut(self) -> None:
        """See :class:`~drivers.emulation.rack.hosts.Host`: clients notice nothing, and connect again."""
        self._socket.unbind(f"tcp://{self._place}")
        self._socket.bind(f"tcp://{self._place}")

    def close(self) -> None:
        """See :class:`~drivers.emulation.rack.hosts.Host`."""
        self._loop.remove_reader(self._descriptor)
        self._socket.close()

    def received(self, parts: list[bytes]) -> None:
        """Take a message."""
        raise NotImplementedError

    def _readable(self) -> None:
        """The descriptor tells only that something has changed, so everything is taken."""
        while not self._socket.closed and self._events() & zmq.POLLIN:
            self.received(self._socket.recv_multipart())

    def _events(self) -> int:
        events: Any = self._socket.getsockopt(zmq.EVENTS)
        return int(events)


class ReplyHost(ZmqHost):
    """Answers REQ sockets, each answer to the question that it belongs to."""

    def __init__(self, instrument: Instrument, port: Port) -> None:
        super().__init__(instrument, port, zmq.ROUTER)
        line = EnvelopeLine(port.connect(instrument.clock.now_s()))
        self._pump = Pump(line, instrument.clock, self._write, instrument.go)

    def go(self) -> None:
        """See :class:`~drivers.emulation.rack.hosts.Host`."""
        self._pump.go()

    def close(self) -> None:
        """See :class:`~drivers.emulation.rack.hosts.Host`."""
        self._pump.close()
        super().close()

    def received(self, parts: list[bytes]) -> None:
        """See :class:`ZmqHost`: an envelope ends with an empty part."""
        if b"" in parts[:-1]:
            self._pump.received(pack(parts))

    def _write(self, data: bytes) -> None:
        self._socket.send_multipart(unpack(data))
        self._loop.call_soon(self._readable)


class PairHost(ZmqHost):
    """Pours messages to one PAIR socket; they wait while nobody has connected.

    A line that has a ``wanted_port`` is there too, for readers who choose where they look for it.
    """

    def __init__(self, instrument: Instrument, port: Port) -> None:
        super().__init__(instrument, port, zmq.PAIR)
        self._waiting: deque[bytes] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._line, self._extra = port.connect(instrument.clock.now_s()), 0
        self._pump = Pump(self._line, instrument.clock, self._write, instrument.go)
        self._loop.call_soon(self._pump.go)

    def go(self) -> None:
        """See :class:`~drivers.emulation.rack.hosts.Host`."""
        if (wanted := getattr(self._line, "wanted_port", 0)) not in (0, self._extra):
            self._move(wanted)
        self._pump.go()

    def _move(self, wanted: int) -> None:
        """Listen at another port as well; a port that somebody else has is left to them."""
        own = int(self._place.rpartition(":")[2])
        if self._extra not in (0, own):
            with suppress(zmq.ZMQError):
                self._socket.unbind(f"tcp://{LOOPBACK}:{self._extra}")
        self._extra = wanted
        if wanted != own:
            with suppress(zmq.ZMQError):
                self._socket.bind(f"tcp://{LOOPBACK}:{wanted}")

    def close(self) -> None:
        """See :class:`~drivers.emulation.rack.hosts.Host`."""
        self._pump.close()
        if self._timer is not None:
            self._timer.cancel()
        super().close()

    def received(self, parts: list[bytes]) -> None:
        """See :class:`ZmqHost`."""
        self._pump.received(parts[0])

    def _write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._send()
        if len(self._waiting) > HIGH_WATER:
            self._pump.congest(True)

    def _send(self) -> None:
        try:
            while self._waiting:
                self._socket.send(self._waiting[0], zmq.NOBLOCK, copy=len(self._waiting[0]) < LARGE)
                self._waiting.popleft()
        except zmq.Again:
            if self._timer is None:
                self._timer = self._loop.call_later(AGAIN_S, self._send_again)

    def _send_again(self) -> None:
        self._timer = None
        self._send()
        if not self._waiting:
            self._pump.congest(False)


class EnvelopeLine:
    """A line on which each answer keeps the envelope of its question."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        *envelope, question = unpack(data)
        answers = self._line.feed(question, now_s)
        return [(when_s, pack([*envelope, answer])) for when_s, answer in answers]

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: nobody gets an answer without a question."""
        return []

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return float("inf")

    def hang_up(self) -> None:
        """See :class:`~drivers.transport.memory.Line`."""
        self._line.hang_up()


def pack(parts: list[bytes]) -> bytes:
    """Put the parts of a message into one."""
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "little") + part for part in parts)


def unpack(data: bytes) -> list[bytes]:
    """Take them apart: the inverse of `pack`."""
    parts = []
    while data:
        end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
        parts.append(data[LENGTH_BYTES:end])
        data = data[end:]
    return parts

"""Where the lines of models come out: TCP ports on the loopback interface, pseudo-terminals, ZeroMQ sockets."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from contextlib import suppress

from drivers.emulation.rack.instrument import LOOPBACK, Host, Instrument
from drivers.emulation.rack.pump import Pump
from drivers.emulation.rack.zeromq_host import PairHost, ReplyHost
from drivers.transport.memory import Port

CHUNK = 2**16
#: A reader is slow if so much waits for it.
HIGH_WATER = 2**20


async def host(instrument: Instrument, port: Port, kind: str) -> Host:
    """Host a port.

    Parameters
    ----------
    instrument : Instrument
        Whose port it is.
    port : Port
    kind : {"tcp", "pty", "zmq-rep", "zmq-pair"}
    """
    match kind:
        case "tcp":
            return await _TcpHost.open(instrument, port)
        case "pty":
            return PtyHost(instrument, port)
        case "zmq-rep":
            return ReplyHost(instrument, port)
        case "zmq-pair":
            return PairHost(instrument, port)
    raise ValueError(f"{kind!r} is no kind of host")


class _TcpHost:
    """A listening socket; each connection is a line of its own."""

    def __init__(self, instrument: Instrument, port: Port) -> None:
        self.instrument, self.port = instrument, port
        self.connections: set[_Connection] = set()
        self.server: asyncio.Server | None = None

    @classmethod
    async def open(cls, instrument: Instrument, port: Port) -> _TcpHost:
        host = cls(instrument, port)
        loop = asyncio.get_running_loop()
        host.server = await loop.create_server(lambda: _Connection(host), LOOPBACK, 0)
        return host

    @property
    def address(self) -> str:
        assert self.server is not None
        return f"tcp://{LOOPBACK}:{self.server.sockets[0].getsockname()[1]}"

    def go(self) -> None:
        for connection in list(self.connections):
            connection.pump.go()

    def cut(self) -> None:
        for connection in list(self.connections):
            connection.transport.abort()

    def close(self) -> None:
        assert self.server is not None
        self.server.close()
        self.cut()


class _Connection(asyncio.Protocol):
    """One client."""

    transport: asyncio.Transport
    pump: Pump

    def __init__(self, host: _TcpHost) -> None:
        self._host = host

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(HIGH_WATER)
        instrument = self._host.instrument
        line = self._host.port.connect(instrument.clock.now_s())
        self.pump = Pump(line, instrument.clock, transport.write, instrument.go)
        self._host.connections.add(self)
        self.pump.go()

    def data_received(self, data: bytes) -> None:
        self.pump.received(data)

    def pause_writing(self) -> None:
        self.pump.congest(True)

    def resume_writing(self) -> None:
        self.pump.congest(False)

    def connection_lost(self, error: Exception | None) -> None:
        self._host.connections.discard(self)
        self.pump.close()


class PtyHost:
    """A pseudo-terminal, which passes for a serial port.

    Both ends are raw, or it would echo; our hold on the far end keeps it alive while nobody has it open.
    """

    def __init__(self, instrument: Instrument, port: Port) -> None:
        self._near, self._far = pty.openpty()
        tty.setraw(self._near)
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.address = f"serial://{os.ttyname(self._far)}"
        self._waiting = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._near, self._readable)
        line = port.connect(instrument.clock.now_s())
        self._pump = Pump(line, instrument.clock, self._write, instrument.go)
        self._loop.call_soon(self._pump.go)

    def go(self) -> None:
        """See :class:`Host`."""
        self._pump.go()

    def cut(self) -> None:
        """See :class:`Host`: a cable that nobody notices; what waits is lost."""
        self._waiting.clear()

    def close(self) -> None:
        """See :class:`Host`."""
        self._pump.close()
        self._loop.remove_reader(self._near)
        self._loop.remove_writer(self._near)
        os.close(self._near)
        os.close(self._far)

    def _readable(self) -> None:
        with suppress(BlockingIOError):
            self._pump.received(os.read(self._near, CHUNK))

    def _write(self, data: bytes) -> None:
        empty = not self._waiting
        self._waiting += data
        if empty:
            self._writable()

    def _writable(self) -> None:
        try:
            while self._waiting:
                written = os.write(self._near, memoryview(self._waiting)[:CHUNK])
                del self._waiting[:written]
        except BlockingIOError:
            self._loop.add_writer(self._near, self._writable)
        else:
            self._loop.remove_writer(self._near)
        self._report()

    def _report(self) -> None:
        if len(self._waiting) > HIGH_WATER:
            self._pump.congest(True)
        elif not self._waiting:
            self._loop.call_soon(self._pump.congest, False)

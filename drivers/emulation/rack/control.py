"""Control of a rack from other processes: lines of JSON on a loopback port, one answer to each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Protocol

from drivers.codecs.lines import LineReader
from drivers.emulation.rack.instrument import LOOPBACK
from drivers.emulation.rack.shelf import Shelf
from drivers.errors import BadAnswer, DriverError, LimitError, UnknownName
from drivers.transport.tcp import TcpTransport

TIMEOUT_S = 5.0
ERRORS = {kind.__name__: kind for kind in (LimitError, UnknownName)}


class Clock(Protocol):
    """What tells bench time."""

    def now_s(self) -> float:
        """Tell it."""
        ...


class ControlServer:
    """The rack's end."""

    def __init__(
        self,
        shelf: Shelf,
        clock: Clock,
        fault: Callable[[str, str, float | bool], None],
        cut: Callable[[str], None],
    ) -> None:
        self._shelf, self._clock = shelf, clock
        self._fault, self._cut = fault, cut
        self._server: asyncio.Server | None = None

    async def up(self) -> str:
        """Listen; gives the address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self.obey), LOOPBACK, 0)
        return f"tcp://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def down(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def obey(self, request: dict[str, Any]) -> Any:
        """Do what a request says."""
        match request:
            case {"set": str(knob), "value": float() | int() | bool() as value}:
                return self._shelf.turn(knob, value, self._clock.now_s())
            case {"fault": str(name), "kind": str(kind), "value": float() | int() | bool() as value}:
                return self._fault(name, kind, value)
            case {"faults": str(name)}:
                return self._shelf.faults(name)
            case {"cut": str(name)}:
                return self._cut(name)
            case {"say": str(text), "to": str(name)}:
                return self._shelf.say(name, text, self._clock.now_s())
            case {"snapshot": True}:
                return {"bench_time_s": self._clock.now_s(), **self._shelf.snapshot()}
        raise UnknownName(f"the rack does not understand {json.dumps(request)[:80]}")


class _Client(asyncio.Protocol):
    """Somebody who has connected."""

    def __init__(self, obey: Callable[[dict[str, Any]], Any]) -> None:
        self._obey = obey
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._transport.write(json.dumps(self._answer(line)).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            return {"answer": self._obey(request if isinstance(request, dict) else {})}
        except ValueError:
            return {"error": "UnknownName", "text": "the rack takes lines of JSON"}
        except DriverError as error:
            return {"error": type(error).__name__, "text": str(error)}


class RackControl:
    """The other end: turn knobs of a rack that another process hosts.

    Parameters
    ----------
    address : str
        :attr:`Rack.control_address`.

    Raises
    ------
    ConnectionFailed
        If no rack is there.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        self._line = TcpTransport(host, int(port))
        self._reader = LineReader(self._line, b"\n")

    def set(self, knob: str, value: float | bool) -> None:
        """See :meth:`Rack.set`."""
        self._ask({"set": knob, "value": value})

    def fault(self, instrument: str, fault: str, value: float | bool) -> None:
        """See :meth:`Rack.fault`."""
        self._ask({"fault": instrument, "kind": fault, "value": value})

    def faults(self, instrument: str) -> dict[str, str]:
        """See :meth:`Rack.faults`."""
        found: dict[str, str] = self._ask({"faults": instrument})
        return found

    def cut(self, instrument: str) -> None:
        """See :meth:`Rack.cut`."""
        self._ask({"cut": instrument})

    def say(self, instrument: str, text: str) -> str:
        """See :meth:`Rack.say`."""
        return str(self._ask({"say": text, "to": instrument}))

    def snapshot(self) -> dict[str, Any]:
        """See :meth:`Rack.snapshot`."""
        found: dict[str, Any] = self._ask({"snapshot": True})
        return found

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()

    def _ask(self, request: dict[str, Any]) -> Any:
        self._line.write(json.dumps(request).encode() + b"\n")
        try:
            answer = json.loads(self._reader.line(TIMEOUT_S))
        except ValueError:
            raise BadAnswer(
                f"{self._line.address}: is no rack, it does not speak JSON; check the address"
            ) from None
        if "error" in answer:
            raise ERRORS.get(answer["error"], DriverError)(answer["text"])
        return answer.get("answer")

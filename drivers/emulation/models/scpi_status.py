"""The error queue and the registers that every SCPI instrument has (IEEE 488.2, 11; SCPI-99 volume 1, 4.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_values import Quantity, none, one

QUEUE = 30
WORDS = {
    0: "No error",
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -131: "Invalid suffix",
    -220: "Parameter error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -350: "Queue overflow",
}
BYTE = Quantity(0, 255, 0)
COMPLETE, COMMAND, EXECUTION, DEVICE, QUERY, POWER_ON = 1, 1 << 5, 1 << 4, 1 << 3, 1 << 2, 1 << 7
ERRORS_WAIT, EVENTS, SERVICE = 1 << 2, 1 << 5, 1 << 6


class ScpiStatus:
    """Errors and events.

    Parameters
    ----------
    zero : str
        How error 0 is shown.
    """

    def __init__(self, zero: str) -> None:
        self._zero = zero
        self._errors: deque[int] = deque()
        self._events, self._events_enabled, self._service_enabled = POWER_ON, 0, 0

    def commands(self) -> Mapping[str, Handler]:
        """Give the headers that every SCPI instrument has."""
        return {
            "*CLS": self._clear,
            "*ESE": self._enable_events,
            "*ESE?": lambda p, _: str(self._events_enabled),
            "*ESR?": self._take_events,
            "*OPC": self._complete,
            "*OPC?": lambda p, _: "1",
            "*SRE": self._enable_service,
            "*SRE?": lambda p, _: str(self._service_enabled),
            "*STB?": lambda p, _: str(self._status_byte()),
            "*TST?": lambda p, _: "0",
            "*WAI": lambda p, _: none(p),
            "SYSTem:ERRor[:NEXT]?": self._next_error,
            "SYSTem:ERRor:COUNt?": lambda p, _: str(len(self._errors)),
            "SYSTem:VERSion?": lambda p, _: "1999.0",
        }

    def report(self, code: int) -> None:
        """Put an error into the queue, and note what kind it is."""
        self._events |= {1: COMMAND, 2: EXECUTION, 3: DEVICE, 4: QUERY}.get(-code // 100, DEVICE)
        if len(self._errors) >= QUEUE:
            self._errors[-1] = -350
        else:
            self._errors.append(code)

    def _clear(self, parameters: list[str], now_s: float) -> None:
        none(parameters)
        self._errors.clear()
        self._events = 0

    def _complete(self, parameters: list[str], now_s: float) -> None:
        none(parameters)
        self._events |= COMPLETE

    def _enable_events(self, parameters: list[str], now_s: float) -> None:
        self._events_enabled = round(BYTE.parse(one(parameters)))

    def _enable_service(self, parameters: list[str], now_s: float) -> None:
        self._service_enabled = round(BYTE.parse(one(parameters))) & ~SERVICE

    def _take_events(self, parameters: list[str], now_s: float) -> str:
        events, self._events = self._events, 0
        return str(events)

    def _status_byte(self) -> int:
        status = ERRORS_WAIT if self._errors else 0
        status |= EVENTS if self._events & self._events_enabled else 0
        return status | (SERVICE if status & self._service_enabled else 0)

    def _next_error(self, parameters: list[str], now_s: float) -> str:
        code = self._errors.popleft() if self._errors else 0
        return f'{code if code else self._zero},"{WORDS[code]}"'

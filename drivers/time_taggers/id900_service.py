"""The DataLinkTarget service that hands on the ID900's tags: requests like a command line's, answers in JSON.

Source: Time Controller Series user manual, pages 90 and 91; the vendor's examples.
"""

from __future__ import annotations

import json
from typing import Any

from drivers.errors import BadAnswer, ConnectionFailed, DriverError, InstrumentError, NoAnswer
from drivers.identity import Finding, fine, wrong
from drivers.instrument import Connect
from drivers.transport.base import Transport

PORT = "dlt"


class Service:
    """The service, connected to when it is needed, and again after it did not answer.

    Parameters
    ----------
    name : str
        Of the instrument; every error begins with it.
    connect : callable
        Opens a line to a port.
    timeout_s : float
        How long an answer may take.
    """

    def __init__(self, name: str, connect: Connect, timeout_s: float) -> None:
        self._name, self._connect, self._timeout_s = name, connect, timeout_s
        self._line: Transport | None = None

    def start(self, host: str, channel: int, port: int) -> None:
        """Let a channel's tags come to a port."""
        self._ask(f"start-stream --address {host} --channel {channel} --stream-port {port}")

    def stop_all(self) -> None:
        """End whatever runs."""
        found = self._ask("list")
        if not isinstance(found, list):
            raise BadAnswer(f"{self._name}: its DataLinkTarget service answered 'list' by {found!r:.60}")
        for key in found:
            self._ask(f"stop --id {key}")

    def running(self) -> Finding:
        """Tell whether it answers."""
        try:
            self._ask("list")
        except DriverError as error:
            return wrong(str(error).removeprefix(f"{self._name}: "), "start it on the host computer")
        return fine("its DataLinkTarget service answers")

    def hang_up(self) -> None:
        """Close the line."""
        if self._line is not None:
            self._line.close()
        self._line = None

    def _ask(self, request: str) -> Any:
        try:
            answer = self._exchange(request)
        except (NoAnswer, ConnectionFailed) as error:
            self.hang_up()
            raise type(error)(
                f"{self._name}: its DataLinkTarget service gave no answer to {request!r}; start it ({error})"
            ) from None
        if isinstance(answer, dict) and "error" in answer:
            reason = answer["error"].get("description") if isinstance(answer["error"], dict) else None
            raise InstrumentError(
                f"{self._name}: its DataLinkTarget service refused {request!r}: {reason or 'no reason given'}"
            )
        return answer

    def _exchange(self, request: str) -> Any:
        if self._line is None:
            self._line = self._connect(PORT)
        self._line.write(request.encode("ascii"))
        text = self._line.read(self._timeout_s)
        try:
            return json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            self.hang_up()
            raise BadAnswer(
                f"{self._name}: its DataLinkTarget service answered {request!r} by {text[:40]!r}, which is not JSON"
            ) from None

"""The DataLinkTarget service that hands on the ID900's tags: requests like a command line's, answers in JSON.

Source: Time Controller Series user manual, pages 90 and 91; the vendor's examples. It names a stream by the
instrument's address and a port, and counts what it has acquired, sub-acquisitions without tags as well (the example on
page 91 has one). Several instruments may share a service: each ends its own streams only.

Unverified: that it sends an empty message for a sub-acquisition without tags. The vendor's client takes an empty
message for the end of the stream, but counts messages on all channels alike. If nothing is sent instead, the tags of a
channel that sees hardly any clicks come to lie too early.
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
        self._begun: set[str] = set()

    def start(self, host: str, channel: int, port: int) -> str:
        """Let a channel's tags come to a port; give the name of the stream."""
        request = f"start-stream --address {host} --channel {channel} --stream-port {port}"
        answer = self._ask(request)
        key = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(key, str):
            raise self._strange(request, answer)
        self._begun.add(key)
        return key

    def stop(self, host: str) -> None:
        """End the streams that were started here, and what an earlier program left running of the same instrument."""
        found = self._ask("list")
        if not isinstance(found, list):
            raise self._strange("list", found)
        for key in map(str, found):
            if key in self._begun or key.rpartition(":")[0] == host:
                self._ask(f"stop --id {key}")
        self._begun.clear()

    def acquired(self, key: str) -> int:
        """Tell how many sub-acquisitions a stream has had.

        Raises
        ------
        InstrumentError
            If there is no such stream: somebody has stopped it.
        """
        request = f"status --id {key}"
        answer = self._ask(request)
        count = answer.get("acquisitions_count") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise self._strange(request, answer)
        return count

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

    def _strange(self, request: str, answer: object) -> BadAnswer:
        return BadAnswer(f"{self._name}: its DataLinkTarget service answered {request!r} by {answer!r:.60}")

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

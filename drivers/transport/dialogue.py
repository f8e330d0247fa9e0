r"""A tap that records what is said on a line, and a line that says it again.

A dialogue is a file of JSON lines, ``{"at_s": 0.25, "sent": "*IDN?\n"}`` or ``"came"``; each character stands for
one byte. Nothing in it is secret by itself, but the tags of a recording are: do not tap a tagger whose tags
make key.
"""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import TextIO

from drivers.errors import AddressError, BadAnswer, NoAnswer
from drivers.transport.base import Transport

ENCODING = "latin-1"


class TapTransport:
    """A line on which everything is written down.

    Parameters
    ----------
    line : Transport
        Where it leads.
    path : str
        The file; what was there is lost.

    Raises
    ------
    AddressError
        If the file cannot be written.
    """

    def __init__(self, line: Transport, path: str) -> None:
        self._line = line
        self.address = line.address
        self._zero_s = line.now_s()
        try:
            self._file: TextIO = Path(path).open("w", encoding="utf-8")  # noqa: SIM115, closed with the line
        except OSError as error:
            line.close()
            raise AddressError(f"{path}: cannot be written ({error.strerror}); choose another file") from None

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._note("sent", data)
        self._line.write(data)

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        data = self._line.read(timeout_s)
        self._note("came", data)
        return data

    def waiting(self) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        if data := self._line.waiting():
            self._note("came", data)
        return data

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._line.close()
        self._file.close()

    def now_s(self) -> float:
        """See :class:`~drivers.transport.base.Transport`."""
        return self._line.now_s()

    def pause(self, duration_s: float) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._line.pause(duration_s)

    def _note(self, kind: str, data: bytes) -> None:
        at_s = round(self._line.now_s() - self._zero_s, 6)
        self._file.write(json.dumps({"at_s": at_s, kind: data.decode(ENCODING)}) + "\n")
        self._file.flush()


class ReplayTransport:
    """A line on which a dialogue is said again, in a time of its own.

    Parameters
    ----------
    path : str
        A file that a tap has written.

    Raises
    ------
    AddressError
        If there is no such file, or it is no dialogue.
    """

    def __init__(self, path: str) -> None:
        self.address = f"replay:{path}"
        self._now_s = 0.0
        self._turns = deque(_turns(path))

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`: only what was said then may be said now.

        Raises
        ------
        BadAnswer
            If it is something else.
        """
        due = self._turns[0] if self._turns else None
        if due is None or due[1:] != ("sent", data):
            expected = "nothing" if due is None else f"{due[1]} {due[2][:40]!r}"
            raise BadAnswer(f"{self.address}: {data[:40]!r} is said where the dialogue has {expected}")
        self._pass()

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        if data := self.waiting():
            return data
        self._now_s += timeout_s
        raise NoAnswer(f"{self.address}: no answer within {timeout_s:g} s")

    def waiting(self) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        return self._pass() if self._turns and self._turns[0][1] == "came" else b""

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._turns.clear()

    def now_s(self) -> float:
        """See :class:`~drivers.transport.base.Transport`."""
        return self._now_s

    def pause(self, duration_s: float) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._now_s += duration_s

    def _pass(self) -> bytes:
        at_s, _, data = self._turns.popleft()
        self._now_s = max(self._now_s, at_s)
        return data


def _turns(path: str) -> list[tuple[float, str, bytes]]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AddressError(f"replay:{path}: cannot be read ({error})") from None
    try:
        return [_turn(json.loads(line)) for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AddressError(f"replay:{path}: is no dialogue that a tap has written") from None


def _turn(entry: dict[str, object]) -> tuple[float, str, bytes]:
    kind = "sent" if "sent" in entry else "came"
    return float(str(entry["at_s"])), kind, str(entry[kind]).encode(ENCODING)

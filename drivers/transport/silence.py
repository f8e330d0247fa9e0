"""Waiting until an instrument says nothing any more."""

from __future__ import annotations

from contextlib import suppress

from drivers.errors import NoAnswer
from drivers.transport.base import Transport


def drain(line: Transport, quiet_s: float, timeout_s: float) -> None:
    """Drop what comes until nothing has come for `quiet_s`, or `timeout_s` is over.

    Raises
    ------
    ConnectionFailed
        If the line is dead.
    """
    deadline = line.now_s() + timeout_s
    with suppress(NoAnswer):
        while line.now_s() < deadline:
            line.read(quiet_s)

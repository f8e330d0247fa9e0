"""What is wrong with a PostgreSQL server, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from qkdctl.errors import RecordingError

WHAT_TO_DO = {
    "55P03": "another program is using the store; let that end first",
    "53100": "the server's disk is full; make room and run again",
    "53": "the server has too much to do; see its log and run again",
    "25006": "the server cannot write; it may be a standby: name the one that is in charge",
    "28": "the server does not let this user in; look at user and password in that file",
    "3D000": "the server has no such database; make it, or name another one in that file",
    "42501": "the user may not make or use tables there; grant that on the server",
    "57": "the server is going down or coming up; run again when it is there",
}
"""By SQLSTATE (PostgreSQL manual, appendix A), whole or its class."""

AWAY = "the server cannot be reached; see that it runs, and where that file says it is"
OTHER = "what the server has there is not a usable key store"


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn psycopg's errors into a sentence that names the file, what is wrong, and what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise RecordingError(f"{place}: {_advice(error)} ({_first_line(error)})") from None


def _advice(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    for known in (state, state[:2]):
        if known in WHAT_TO_DO:
            return WHAT_TO_DO[known]
    lost = isinstance(error, psycopg.OperationalError) and (not state or state.startswith("08"))
    return AWAY if lost else OTHER


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__

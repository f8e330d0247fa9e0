"""Who may operate a monitor's controls: whoever has the token, for as long as the monitor runs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from time import monotonic

from postproc.files import write_new
from qkdctl.errors import RecordingError

TOKEN_BYTES = 24
PAUSE_S = 1.0
"""After a wrong token none is taken for so long: guessing is hopeless."""


class Login:
    """Takes the token; gives each who has it a cookie of their own.

    Parameters
    ----------
    token : str
    clock : callable
        Seconds.
    """

    def __init__(self, token: str, clock: Callable[[], float] = monotonic) -> None:
        self._token = token.encode()
        self._clock = clock
        self._cookies: set[str] = set()
        self._open_s = -PAUSE_S

    def enter(self, token: str) -> str | None:
        """Give a cookie; None for a wrong token, or soon after one."""
        if self._clock() < self._open_s:
            return None
        if not compare_digest(token.encode("utf-8", "replace"), self._token):
            self._open_s = self._clock() + PAUSE_S
            return None
        cookie = secrets.token_urlsafe(TOKEN_BYTES)
        self._cookies.add(cookie)
        return cookie

    def known(self, cookie: str) -> bool:
        """Say whether a cookie was given here."""
        return any(compare_digest(cookie.encode("utf-8", "replace"), each.encode()) for each in self._cookies)


def token_in(path: Path) -> str:
    """Read the token of a file that only its owner can read; make both where there is no file.

    Raises
    ------
    RecordingError
        If others can read it, or it holds no token.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        write_new(path, token + "\n")
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None
    return token


def _read(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise RecordingError(
                f"{path}: others can read it, and with it operate the link; chmod 600 {path}"
            )
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from None
    if len(token) < TOKEN_BYTES:
        raise RecordingError(f"{path}: holds no token of at least {TOKEN_BYTES} characters; remove it")
    return token

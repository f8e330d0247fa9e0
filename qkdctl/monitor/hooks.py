"""What is called when an alarm is raised, and when it is over: a command, or a web address."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qkdctl.monitor.board import Board

TIMEOUT_S = 10.0
AT_ONCE = 4

News = dict[str, Any]
Hook = Callable[[News], None]


class Hooks:
    """Tells hooks of each change, once; a hook that hangs or fails holds up nobody.

    Parameters
    ----------
    hooks : sequence of callable
    complain : callable
        Given a sentence when a hook fails.
    """

    def __init__(self, hooks: list[Hook], complain: Callable[[str], None]) -> None:
        self._hooks = hooks
        self._complain = complain
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hook")
        self._raised: dict[tuple[str, str, str], News] = {}

    def __call__(self, board: Board) -> None:
        """Look what has changed."""
        now = {
            (key, alarm["name"], alarm["subject"]): {"session": session.beacon.name, **alarm}
            for key, session in board.sessions.items()
            if not session.over
            for alarm in session.alarms()
        }
        for place in now.keys() - self._raised.keys():
            self._tell({"raised": True, **now[place]})
        for place in self._raised.keys() - now.keys():
            self._tell({"raised": False, **self._raised[place]})
        self._raised = now

    def close(self) -> None:
        """Wait for the hooks that run."""
        self._pool.shutdown()

    def _tell(self, news: News) -> None:
        for hook in self._hooks:
            self._pool.submit(self._call, hook, news)

    def _call(self, hook: Hook, news: News) -> None:
        try:
            hook(news)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            self._complain(f"a hook for {news['name']} failed: {error}")


def command(line: list[str]) -> Hook:
    """Run a program, which reads the news as one JSON object from its standard input."""

    def call(news: News) -> None:
        subprocess.run(line, input=json.dumps(news).encode(), timeout=TIMEOUT_S, check=True)

    return call


def webhook(url: str) -> Hook:
    """Post the news as JSON.

    Raises
    ------
    ValueError
        If the address is not one of the web.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url}: expected an address that begins with http:// or https://")

    def call(news: News) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(news).encode(), headers)  # noqa: S310 # checked above
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            pass

    return call

"""What is called when an alarm is raised, and when it is over: a command, or a web address."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from qkdctl.monitor.board import Board

TIMEOUT_S = 10.0

News = dict[str, Any]
Hook = Callable[[News], None]


class Hooks:
    """Tells hooks of each change, once and in order; a hook that hangs or fails holds up nobody but itself.

    Parameters
    ----------
    hooks : sequence of callable
    complain : callable
        Given a sentence when a hook fails.
    """

    def __init__(self, hooks: list[Hook], complain: Callable[[str], None]) -> None:
        # A thread each: were two at one hook, it could hear that an alarm is over before it hears that it was raised.
        self._hooks = [(hook, ThreadPoolExecutor(1, thread_name_prefix="hook")) for hook in hooks]
        self._complain = complain
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
        for _, thread in self._hooks:
            thread.shutdown()

    def _tell(self, news: News) -> None:
        for hook, thread in self._hooks:
            thread.submit(self._call, hook, news)

    def _call(self, hook: Hook, news: News) -> None:
        try:
            hook(news)
        except (OSError, ValueError, subprocess.SubprocessError, HTTPException) as error:
            self._complain(f"a hook for {news['name']} failed: {error}")


def command(line: list[str]) -> Hook:
    """Run a program, which reads the news as one JSON object from its standard input.

    Raises
    ------
    ValueError
        If no program is named.
    """
    if not line or not line[0]:
        raise ValueError("a hook's command is empty; name a program to run at each alarm")

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
    if not url.isascii() or not url.isprintable() or " " in url or not _names_a_place(url):
        raise ValueError(
            f"{url!r}: is no web address; it needs a host, a port from 0 to 65535 if any, and no blanks"
        )

    def call(news: News) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(news).encode(), headers)  # noqa: S310 # checked above
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            pass

    return call


def _names_a_place(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != -1
    except ValueError:
        return False

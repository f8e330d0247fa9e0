"""What Ctrl-C does, and SIGTERM, by which a service manager ends what it has started.

A run takes it in two steps: the first asks it to end where nothing is half done, the second ends it. A command that
holds instruments in its own process leaves at once, and makes them safe on its way.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

NOTICE = b"stopping where nothing is half done; Ctrl-C again stops at once\n"


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C was pressed, or SIGTERM came."""
    asked = False

    def ask(signal_number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        # Nothing buffered is safe to write to from inside a signal handler.
        if sys.stderr is not None and sys.stderr.isatty():
            os.write(sys.stderr.fileno(), NOTICE)

    with _handled(ask, signal.SIGINT, signal.SIGTERM):
        yield lambda: asked


@contextmanager
def unwinding() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the loss of the terminal raise KeyboardInterrupt, once: tidying up is not broken off."""

    def leave(signal_number: int, frame: FrameType | None) -> None:
        for each in endings:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with _handled(leave, *endings):
        yield


@contextmanager
def _handled(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Handle signals for a while, but for those that are ignored.

    Who starts a program in the background of a shell has it ignore Ctrl-C; that is not for us to change.
    """
    heard = [each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, handler) for each in heard}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)

"""Ctrl-C in two steps: the first asks the run to end where nothing is half done, the second ends it.

SIGTERM, by which a service manager ends what it has started, is as good as Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

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

    # Who starts a program in the background of a shell has it ignore Ctrl-C; that is not for us to change.
    heard = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, ask) for each in heard}
    try:
        yield lambda: asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

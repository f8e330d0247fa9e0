"""How far a step of a calibration has come: at a terminal a line that changes, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from qkdctl.cli.output import err, progress
from qkdctl.cli.plain import plain

LINE_EVERY_S = 5.0
"""Where lines stay, no more of them than somebody reads."""


class StepView:
    """Shows steps on standard error.

    Parameters
    ----------
    show : callable or None
        Changes the line at a terminal; None where there is none.
    clock : callable
        Seconds, from any origin.
    """

    def __init__(self, show: Callable[[str], None] | None, clock: Callable[[], float] = monotonic) -> None:
        self._show, self._clock = show, clock
        self._step, self._told_s = "", clock()

    def begin(self, text: str) -> None:
        """Say that a step begins, in a line that stays: its name, a colon, and what it does."""
        err.print(plain(text))
        self._step, self._told_s = text.partition(":")[0], self._clock()
        if self._show:
            self._show(plain(self._step))

    def tell(self, text: str) -> None:
        """Say how far it has come."""
        if self._show:
            self._show(plain(f"{self._step}: {text}"))
        elif self._clock() - self._told_s >= LINE_EVERY_S:
            self._told_s = self._clock()
            err.print(plain(f"  {text}"))


@contextmanager
def step_view() -> Iterator[StepView]:
    """Give a view for where standard error goes."""
    with progress("opening the instruments") as show:
        yield StepView(show if err.file.isatty() else None)

"""Ask a person what an instrument cannot say of itself: whether it is a real one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import click

from qkdctl.node.failure import Failure

#: Asks a question; yes or no.
Ask = Callable[[str], bool]


def vouched_for(failures: Iterable[Failure], ask: Ask | None = None) -> tuple[str, ...]:
    """Give the instruments that a person says are real; none unless that settles every doubt.

    Parameters
    ----------
    failures : iterable of Failure
        Why nodes did not begin.
    ask : callable, optional
        By default a person at a terminal; without one, nobody is asked.
    """
    doubts = [name for failure in failures for name in failure.unsure]
    if not doubts or (ask is None and not sys.stdin.isatty()):
        return ()
    answers = [(ask or _at_the_terminal)(_question(name)) for name in doubts]
    return tuple(doubts) if all(answers) else ()


def _question(name: str) -> str:
    return f"instruments.{name} cannot say whether it is a real instrument or an emulated one. Is it real?"


def _at_the_terminal(question: str) -> bool:
    return click.confirm(question, default=False, err=True)

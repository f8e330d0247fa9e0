"""A benchmark case: work, a way to do it, a check, and others who can do the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

Run = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """Something to time.

    Attributes
    ----------
    name : str
        What is done, on how much.
    amount : float
        How much work a run is, in `unit` times seconds.
    unit : str
        Unit of the rate, such as "Mbit/s".
    run : callable
        Does the work; what it returns is checked.
    check : callable
        ``check(answer)`` raises AssertionError if the answer is wrong.
    kernel : str or None
        The kernel it measures: then every implementation of this CPU is measured.
    peers : mapping of str to callable
        Others doing the same work, by name; their answers are checked alike.
    figures : callable, optional
        ``figures(answer)``: what else is worth knowing of an answer.
    clock : callable
        Seconds: of the wall, or ``time.process_time`` for rates per core, which a busy machine disturbs less.
    """

    name: str
    amount: float
    unit: str
    run: Run
    check: Callable[[object], None]
    kernel: str | None = None
    peers: Mapping[str, Run] = field(default_factory=dict)
    figures: Callable[[object], dict[str, float]] = lambda answer: {}
    clock: Callable[[], float] = perf_counter

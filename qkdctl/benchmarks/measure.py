"""Timing cases: check once, warm up, then medians of interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from postproc import kernels
from qkdctl.benchmarks.case import Case, Run

MIN_SECONDS = 0.02
"""A round repeats its work until this much time has passed."""


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """Measure a case: our variants and all peers in turn, so that noise hits them alike.

    Returns
    -------
    dict
        Name, unit, and for each contestant the median rate and the spread of the rounds; ``ratio`` is ours
        (the best variant) over the fastest peer.

    Raises
    ------
    AssertionError
        If any contestant's answer is wrong.
    """
    contestants = dict(_contestants(case))
    answers = {name: run() for name, run in contestants.items()}
    for answer in answers.values():
        case.check(answer)
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            rates[name].append(case.amount / _seconds(run, case.clock))
    medians = {name: median(values) for name, values in rates.items()}
    ours = max(value for name, value in medians.items() if name not in case.peers)
    theirs = [medians[name] for name in case.peers]
    return {
        "name": case.name,
        "unit": case.unit,
        "rates": {
            name: {"median": medians[name], "min": min(values), "max": max(values)}
            for name, values in rates.items()
        },
        "figures": case.figures(next(iter(answers.values()))),
        "ratio": ours / max(theirs) if theirs else None,
    }


def _contestants(case: Case) -> Iterator[tuple[str, Run]]:
    if case.kernel is None:
        yield "qkdctl", case.run
    else:
        for level in kernels.levels():
            with kernels.forced(level):
                real = kernels.implementations()[case.kernel]
            if real == level:
                yield level, _at(level, case.run)
    yield from case.peers.items()


def _at(level: str, run: Run) -> Callable[[], object]:
    def forced() -> object:
        with kernels.forced(level):
            return run()

    return forced


def _seconds(run: Run, clock: Callable[[], float]) -> float:
    """Mean time of a run, over as many as fill the least time."""
    runs, start = 0, clock()
    while True:
        run()
        runs += 1
        elapsed = clock() - start
        if elapsed >= MIN_SECONDS:
            return elapsed / runs

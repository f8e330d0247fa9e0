"""A campaign: what was done before is not done again, and what fails does not keep the rest from being done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from qkdctl.campaign.schedulers import Scheduler
from qkdctl.campaign.task import Result, Task, earlier


def run_campaign(
    tasks: Sequence[Task], scheduler: Scheduler, watch: Callable[[Result], None] = lambda result: None
) -> list[Result]:
    """Make the keys of all recordings that have none yet.

    Returns
    -------
    list of Result
        In the order of the tasks, earlier runs' included.
    """
    results: dict[str, Result] = {}
    for result in _results(tasks, scheduler):
        results[result.name] = result
        watch(result)
    return [results[task.name] for task in tasks]


def _results(tasks: Sequence[Task], scheduler: Scheduler) -> Iterator[Result]:
    missing = []
    for task in tasks:
        if found := earlier(Path(task.target), task.name):
            yield found
        else:
            missing.append(task)
    if missing:
        yield from scheduler(missing)


def totals(results: Sequence[Result]) -> dict[str, Any]:
    """Sum a campaign up, as ``docs/process.md`` explains it."""
    summaries = [result.summary for result in results if result.summary]
    equal = [summary["keys_equal"] for summary in summaries if summary["keys_equal"] is not None]
    return {
        "recordings": [
            {"name": result.name, "code": result.code, "error": result.error, "summary": result.summary}
            for result in results
        ],
        "with_key": sum(result.code == 0 for result in results),
        "sifted_bits": sum(summary["sifted_bits"] for summary in summaries),
        "secret_bits": sum(summary["secret_bits"] for summary in summaries),
        "net_secret_bits": sum(summary["net_secret_bits"] for summary in summaries),
        "keys_equal": all(equal) if equal else None,
    }

"""Progress on the screen while a run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from postproc.outcome import BlockEnded
from postproc.synchronisation.stage import ClockLocked
from qkdctl.cli.output import progress
from qkdctl.run import Run


@contextmanager
def watching() -> Iterator[Callable[[Run], None]]:
    """Give a callback that keeps a line on the screen up to date."""
    with progress("reading, locking the clocks") as show:
        yield lambda run: show(_line(run))


def _line(run: Run) -> str:
    bob = run.results["bob"]
    locked = any(isinstance(result, ClockLocked) for result in bob)
    failed = sum(isinstance(result, BlockEnded) for result in bob)
    keys = run.keys("bob")
    read = ", ".join(f"{role} {stretch.duration_s:.2f} s" for role, stretch in run.stretches.items())
    return (
        f"{'clocks locked' if locked else 'locking the clocks'} · read {read} · "
        f"{len(keys)} blocks made {sum(key.secret_bits for key in keys)} secret bits"
        + (f" · {failed} did not" if failed else "")
    )

"""``qkdctl process --campaign``: a folder of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from postproc.types import Role
from qkdctl import __version__
from qkdctl.campaign.recordings import find_recordings
from qkdctl.campaign.run import run_campaign, totals
from qkdctl.campaign.schedulers import scheduler_named
from qkdctl.campaign.task import Result, Task
from qkdctl.cli.output import out, print_json, progress
from qkdctl.cli.plain import plain
from qkdctl.config.load import load_scenario


def process_campaign(
    folder: Path,
    files: dict[Role, Path],
    directory: Path,
    seed: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Make the keys of all recordings in a folder; give the exit code: that of the first that has no key."""
    carry_out = scheduler_named(scheduler)
    for file in set(files.values()):
        load_scenario(file)  # a mistake in it is told once, not for each recording
    tasks = [
        Task(
            name, _whole(alice), _whole(bob), _whole(files["alice"]), _whole(files["bob"]), _whole(directory / name),
            seed, __version__,
        )
        for name, alice, bob in find_recordings(folder)
    ]  # fmt: skip
    with progress(f"{len(tasks)} recordings") as show:
        counter = _Counter(len(tasks), show)
        results = run_campaign(tasks, carry_out, counter.count)
    figures = totals(results)
    if as_json:
        print_json(figures)
    else:
        _print(results, figures, directory)
    return next((result.code for result in results if result.code), 0)


def _whole(path: Path) -> str:
    """Workers stand elsewhere: they need whole paths."""
    return str(path.resolve())


class _Counter:
    """Counts on the screen."""

    def __init__(self, total: int, show: Any) -> None:
        self._total, self._show, self._done = total, show, 0

    def count(self, result: Result) -> None:
        self._done += 1
        self._show(f"{self._done} of {self._total} recordings, the last one {plain(result.name)}")


def _print(results: list[Result], figures: dict[str, Any], directory: Path) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("recording", "sifted", "QBER", "secret", "net", "what is wrong"):
        table.add_column(name, justify="left" if name in ("recording", "what is wrong") else "right")
    for result in results:
        table.add_row(plain(result.name), *_row(result.summary), plain(result.error or ""))
    out.print(table)
    out.print(
        f"{figures['with_key']} of {len(results)} recordings made {figures['secret_bits']:,} secret bits, "
        f"{figures['net_secret_bits']:,} after authentication; the keys of each are in {plain(str(directory))}/NAME"
    )


def _row(summary: dict[str, Any] | None) -> tuple[str, str, str, str]:
    if summary is None:
        return ("", "", "", "")
    rate = summary["qber"]["total"]
    return (
        f"{summary['sifted_bits']:,}",
        "" if rate is None else f"{rate:.2%}",
        f"{summary['secret_bits']:,}",
        f"{summary['net_secret_bits']:,}",
    )

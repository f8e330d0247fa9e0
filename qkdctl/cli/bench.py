"""``qkdctl bench``: rates of the kernels and of the chain, each answer checked before it is timed."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from qkdctl.benchmarks.case import Case
from qkdctl.benchmarks.measure import measure
from qkdctl.cli.output import err, json_option, out, print_json
from qkdctl.errors import RecordingError

GROUPS = ("amplify", "reconcile", "tags", "chain", "kme")

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("groups", nargs=-1, type=click.Choice(GROUPS))
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--compare", nargs=2, type=FILE, help="Compare two outputs of --json instead of measuring.")
@click.option(
    "--campaigns",
    type=FOLDER,
    help="For reconcile: run long campaigns of frames too, kept in this folder, and give their failure rates.",
)
@json_option
def bench(
    groups: tuple[str, ...],
    rounds: int,
    compare: tuple[Path, Path] | None,
    campaigns: Path | None,
    as_json: bool,
) -> None:
    """Measure GROUPS (all by default) on this machine, beside the peers that are installed."""
    if compare:
        _compare(*compare)
        return
    results: list[dict[str, Any]] = []
    with err.status("preparing") as status:
        for group, case in _cases(groups or GROUPS, campaigns):
            status.update(f"{group}: {case.name}")
            results.append({"group": group, **measure(case, rounds)})
            if not as_json:
                out.print(_row(results[-1]))
    if as_json:
        print_json({"machine": platform.processor() or platform.machine(), "results": results})


def _cases(groups: tuple[str, ...], campaigns: Path | None) -> Iterator[tuple[str, Case]]:
    for group in groups:
        found = import_module(f"qkdctl.benchmarks.{group}")
        for case in found.cases(campaigns) if group == "reconcile" else found.cases():
            yield group, case


def _row(result: dict[str, Any]) -> str:
    rates = ", ".join(f"{name} {rate['median']:,.1f}" for name, rate in result["rates"].items())
    ratio = f"; {result['ratio']:.1f} times the fastest peer" if result["ratio"] else ""
    more = "".join(f", {name} {value:g}" for name, value in result["figures"].items())
    return f"{result['name']}: {rates} {result['unit']}{ratio}{more}"


def _compare(first: Path, second: Path) -> None:
    before, after = _load(first), _load(second)
    table = Table("case", "variant", str(first), str(second), "ratio")
    for name, rates in after.items():
        for variant, rate in rates.items():
            old = before.get(name, {}).get(variant)
            if old:
                table.add_row(name, variant, f"{old:,.1f}", f"{rate:,.1f}", f"{rate / old:.2f}")
    out.print(table)


def _load(path: Path) -> dict[str, dict[str, float]]:
    try:
        results = json.loads(path.read_text())["results"]
        return {
            result["name"]: {name: rate["median"] for name, rate in result["rates"].items()}
            for result in results
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RecordingError(f"{path}: is not an output of qkdctl bench --json") from None

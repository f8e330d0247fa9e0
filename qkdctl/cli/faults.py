"""``qkdctl faults``: sessions in which processes are killed and the line lies, and what is left of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table

from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.output import err, json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import ScenarioName
from qkdctl.config.packaged import scenario_path
from qkdctl.faults.campaign import Campaign
from qkdctl.faults.kinds import ORDER
from qkdctl.faults.result import Result


class Shard(click.ParamType[tuple[int, int]]):
    """Such as 0/2."""

    name = "shard"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read it."""
        shard, _, shards = str(value).partition("/")
        try:
            pair = int(shard), int(shards)
        except ValueError:
            self.fail(f"{value!r} is not of the form 0/2", param, ctx)
        if not 0 <= pair[0] < pair[1]:
            self.fail(f"{value!r}: shards count from 0", param, ctx)
        return pair


@click.command()
@click.argument("config", type=ScenarioName(), default="quick")
@click.option("--rounds", type=click.IntRange(1), default=len(ORDER), show_default=True)
@click.option("--kills", type=click.IntRange(0), default=0, help="Stop when so many processes were killed.")
@click.option("--seed", type=int, default=1, show_default=True, help="Decides what goes wrong.")
@click.option("--shard", type=Shard(), default="0/1", help="Run every N-th round only, from K: K/N.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("campaign.jsonl"),
    show_default=True,
    help="Rounds that are done; they are not run again.",
)
@json_option
def faults(
    config: str, rounds: int, kills: int, seed: int, shard: tuple[int, int], state: Path, as_json: bool
) -> int:
    """Break emulated sessions of CONFIG in every way, round after round, and see that no key is lost or differs.

    Ends with 0 if nothing is to be complained of, with 1 otherwise, or if no round could be run.
    """
    plan = Campaign(
        scenario=scenario_path(config).resolve(),
        state=state,
        seed=seed,
        rounds=rounds,
        kills=kills,
        shard=shard[0],
        shards=shard[1],
    )
    with stoppable() as stop:
        plan.run(_tell, stop)
    results = plan.results()
    if as_json:
        print_json(_summary(results))
    else:
        out.print(_table(results))
    for result in results:
        for complaint in result.wrong:
            err.print(plain(f"round {result.number}: {complaint}"), style="bold red")
    nothing = bool(results) and all(result.skipped for result in results)
    return 1 if nothing or any(result.wrong for result in results) else 0


def _tell(result: Result) -> None:
    if result.skipped:
        err.print(
            plain(f"round {result.number} ({result.kind}) was skipped: {result.skipped}"), style="yellow"
        )
        return
    verdict = "; ".join(result.wrong) or "equal"
    err.print(
        plain(
            f"round {result.number} ({result.kind}, {result.wall_s:.0f} s): {sum(result.kills.values())} kills, "
            f"{result.fills} full disks, {result.keys} keys: {verdict}"
        )
    )


def _kinds(results: list[Result]) -> dict[str, list[Result]]:
    return {
        kind: [result for result in results if result.kind == kind]
        for kind in sorted({result.kind for result in results})
    }


def _total(results: Iterable[Result], part: Callable[[Result], dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for result in results:
        total.update(part(result))
    return total


def _row(results: list[Result]) -> dict[str, Any]:
    return {
        "rounds": len(results),
        "skipped": sum(bool(result.skipped) for result in results),
        "minutes": round(sum(result.wall_s for result in results) / 60, 1),
        "kills": sum(sum(result.kills.values()) for result in results),
        "fills": sum(result.fills for result in results),
        "line": dict(_total(results, lambda result: result.line)),
        "frames": sum(result.frames for result in results),
        "keys": sum(result.keys for result in results),
        "failures": sum(len(result.failures) for result in results),
        "complaints": sum(len(result.wrong) for result in results),
    }


def _summary(results: list[Result]) -> dict[str, Any]:
    return {
        "kinds": {kind: _row(of_kind) for kind, of_kind in _kinds(results).items()},
        "total": _row(results),
        "killed": dict(sorted(_total(results, lambda result: result.kills).items())),
        "complaints": [complaint for result in results for complaint in result.wrong],
    }


def _table(results: list[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_footer=False)
    names = ("rounds", "minutes", "kills", "frames", "keys", "complaints")
    table.add_column("kind")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("what else was done")
    for kind, of_kind in {**_kinds(results), "all": results}.items():
        row = _row(of_kind)
        done = {
            **dict(sorted(row["line"].items())),
            "full disks": row["fills"],
            "rounds skipped": row["skipped"],
        }
        line = ", ".join(f"{what} {times:,}" for what, times in done.items() if times)
        table.add_row(kind, *(f"{row[name]:,}" for name in names), line)
    return table

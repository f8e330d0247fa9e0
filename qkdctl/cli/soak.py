"""``qkdctl soak``: a session for hours, watched for what only hours show."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import click
from rich import box
from rich.table import Table

from postproc.types import Role
from qkdctl.acquisition import Plan, acquire
from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.output import err, json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import scenario_argument
from qkdctl.cli.stores import store_option
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import NoKeyError, RecordingError
from qkdctl.keystore.comparison import compare_stores
from qkdctl.keystore.pair import PARTIES
from qkdctl.soak.judgement import judge
from qkdctl.soak.samples import Sampler, read_samples
from qkdctl.witness import witnessed

FEWEST = 20
RESTARTS = 1000
FOR_EVER_S = 1e8

duration = click.FloatRange(1.0, 1e7)


@click.command()
@scenario_argument
@click.option(
    "--duration", "duration_s", type=duration, default=7200.0, show_default=True, help="Seconds to record."
)
@click.option(
    "--bench-speed", type=click.FloatRange(0.001, 10), default=1.0, help="Bench seconds in a second."
)
@click.option(
    "--every", "every_s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Seconds."
)
@click.option("--samples", type=click.Path(path_type=Path), default=Path("soak.jsonl"), show_default=True)
@store_option
@json_option
def soak(
    config: str,
    duration_s: float,
    bench_speed: float,
    every_s: float,
    samples: Path,
    directory: Path,
    as_json: bool,
) -> int:
    """Run the scenario CONFIG for long, and watch memory, open files and throughput of all its processes.

    Ends with 0 if all three are flat, both key stores agree in every key and every ledger, keys were made, and
    both nodes went on for as long as was asked for or until Ctrl-C; with 1 if not.
    """
    path = scenario_path(config).resolve()
    plan = Plan(
        scenario_files=dict.fromkeys(PARTIES, path),
        scenarios=dict.fromkeys(PARTIES, load_scenario(path)),
        stores=directory,
        duration_s=FOR_EVER_S,
        bench_speed=bench_speed,
        restarts=RESTARTS,
    )
    until_s = monotonic() + duration_s
    with _opened(samples) as file, stoppable() as interrupted:
        sampler = Sampler(file, every_s)
        with witnessed(sampler.watch, sampler.hear) as watch:
            outcome, _ = acquire(plan, watch=watch, stop=lambda: interrupted() or monotonic() > until_s)
        missing_s = 0.0 if interrupted() else max(until_s - monotonic(), 0.0)
    failures = {role: failure.reason for role, failure in outcome.failures.items()}
    looks = read_samples(samples)
    if len(looks) < FEWEST:
        what = "; ".join(_of(failures)) or "soak longer, or look more often"
        raise NoKeyError(f"{samples}: only {len(looks)} looks, and {FEWEST} are needed: {what}")
    told = judge(looks) | {"failures": failures, "stores": compare_stores(directory)}
    told["complaints"] = _complaints(told, duration_s, missing_s)
    print_json(told) if as_json else _print(told)
    return 0 if all(told["flat"].values()) and not told["complaints"] else 1


def _complaints(told: dict[str, Any], duration_s: float, missing_s: float) -> list[str]:
    """What must not be, besides growth."""
    found = _of(told["failures"])
    if missing_s:
        found.append(f"ended after {duration_s - missing_s:,.0f} s, expected {duration_s:,.0f} s")
    if not told["keys"]:
        found.append("no key was made")
    return [*found, *told["stores"]["complaints"]]


def _of(failures: dict[Role, str]) -> list[str]:
    return [f"{role.capitalize()}: {reason}" for role, reason in failures.items()]


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None


def _print(told: dict[str, Any]) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("process", "MiB in use", "MiB/h", "MiB held", "files", "sockets", "CPU s"):
        table.add_column(name, justify="left" if name == "process" else "right")
    for name, each in told["processes"].items():
        table.add_row(
            name,
            _span(each["in_use_mib"]),
            f"{each['growth_mib_per_h']:+.2f}",
            _span(each["memory_mib"]),
            *(f"{each[kind][0]}→{each[kind][1]}" for kind in ("files", "sockets")),
            f"{each['cpu_s']:.0f}",
        )
    out.print(table)
    rates = ", ".join(f"{rate:,}" for rate in told["throughput"]["sifted_bits_per_s"])
    out.print(f"sifted bits a second, by fifths: {rates}")
    rates = ", ".join(f"{rate:,}" for rate in told["throughput"]["sifted_bits_per_cpu_s"])
    out.print(f"and a second of processor time: {rates}")
    out.print(f"{told['keys']} keys in {told['sessions']} sessions over {told['duration_s']:,.0f} s")
    for what, flat in told["flat"].items():
        out.print(f"{what}: {'flat' if flat else 'NOT FLAT'}", style="green" if flat else "bold red")
    for complaint in told["complaints"]:
        err.print(plain(complaint), style="bold red")


def _span(memory_mib: dict[str, float]) -> str:
    return f"{memory_mib['first']:.1f}→{memory_mib['last']:.1f}"

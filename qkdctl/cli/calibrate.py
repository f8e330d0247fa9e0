"""``qkdctl calibrate``: find and set what a scenario's instruments have to be set to, by measuring it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import click
import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from drivers.registry import Addresses
from drivers.transport.memory import Models
from postproc.files import write_whole
from postproc.types import Role
from qkdctl.calibration.page import HEAD, calibration_page, row
from qkdctl.calibration.record import (
    Calibration,
    Result,
    calibration_path,
    read_calibration,
    write_calibration,
)
from qkdctl.calibration.run import chosen, put_back, take, undone
from qkdctl.calibration.stand import BenchTime, RealTime, Stand, Time
from qkdctl.calibration.steps import Step
from qkdctl.calibration.use import apply, calibrated
from qkdctl.cli.interrupt import unwinding
from qkdctl.cli.output import err, json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import scenario_argument
from qkdctl.cli.step_view import StepView, step_view
from qkdctl.config.instruments import all_on_rack, on_rack
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.config.scenario import Scenario
from qkdctl.errors import InstrumentsError
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.addresses import read_addresses
from qkdctl.node.instruments import RANDOM
from qkdctl.node.rig import Rig
from qkdctl.rack import make_rack, memory_rack

FILE = click.Path(path_type=Path)
ALL = "all"


@click.command()
@scenario_argument
@click.option("--only", multiple=True, metavar="STEP", help="Take this step only; may be given again.")
@click.option(
    "--undo", multiple=True, metavar="STEP", help='Take back what a step has set; "all" for everything.'
)
@click.option("--addresses", type=FILE, help="Where instruments answer, as qkdctl rack up writes it.")
@click.option("--output", type=FILE, help="File of results; beside CONFIG by default.")
@click.option("--bench-seed", type=int, help="Seed of the emulated bench.")
@click.option(
    "--bench-speed", type=click.FloatRange(0.001, 10), default=1.0, help="Bench seconds in a second."
)
@click.option("--dry-run", is_flag=True, help="Say which steps would be taken, and do nothing.")
@json_option
@unwinding()
def calibrate(
    config: str,
    only: tuple[str, ...],
    undo: tuple[str, ...],
    addresses: Path | None,
    output: Path | None,
    bench_seed: int | None,
    bench_speed: float,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Calibrate the link of the scenario CONFIG: detectors, delays, light, polarisation, a step after the other.

    Each step measures, sets what it found, and says what it changed. Results go to a file beside CONFIG, which
    sessions use, and to a page with plots.
    """
    path = scenario_path(config)
    scenario, file = load_scenario(path), output or calibration_path(path)
    before = read_calibration(file) if file.exists() else Calibration(scenario=scenario.name)
    if undo:
        left, taken = undone(before, () if ALL in undo else undo)
        if not dry_run:
            with _elsewhere(scenario, addresses) as stand:
                put_back(stand, taken)
            write_calibration(left, file)
        _print_undone(taken, dry_run)
        return 0
    steps = chosen(scenario, only)
    if dry_run:
        for step in steps:
            out.print(f"{step.name}: {step.what}")
        out.print("Nothing was done.")
        return 0
    kept = before
    for step in steps:
        kept = kept.without(step.name)
    with step_view() as view, _stand(scenario, kept, addresses, bench_seed, bench_speed) as stand:
        results = list(_taken(stand, steps, before, file, view))
    page = file.with_suffix(".html")
    write_whole(page, calibration_page(scenario.name, results))
    _print(results, file, page, as_json)
    return 0 if all(result.good for result in results) else InstrumentsError.exit_code


def _taken(
    stand: Stand, steps: Sequence[Step], before: Calibration, file: Path, view: StepView
) -> Iterator[Result]:
    """Take the steps; what one has found is written at once, and what one has not found leaves what is there."""
    stand.tell = view.tell
    for result in take(stand, steps, view.begin):
        err.print(plain(f"  {'' if result.good else 'not good: '}{result.verdict}"))
        if result.good:
            before = before.with_result(result)
            write_calibration(before, file)
        yield result


@contextmanager
def _stand(
    scenario: Scenario,
    kept: Calibration,
    addresses: Path | None,
    seed: int | None,
    speed: float,
) -> Iterator[Stand]:
    """Open the instruments, set as the steps that are not taken anew have left them."""
    bench_seed = secrets.randbits(63) if seed is None else seed
    ready = calibrated(scenario, kept)
    with ExitStack() as stack:
        if addresses is not None:
            stand = _opened(ready, read_addresses(addresses).instruments, RealTime(speed))
        elif all_on_rack(scenario.instruments):
            # Nobody else is on this bench, so nobody has to wait for its time to pass.
            rack, models = memory_rack(scenario, bench_seed)
            stand = _opened(ready, rack, BenchTime(models.clock), models)
        elif on_rack(scenario.instruments):
            hosted = stack.enter_context(make_rack(scenario, bench_seed, speed))
            stand = _opened(ready, hosted.addresses, RealTime(speed))
        else:
            stand = _opened(ready, {}, RealTime())
        stack.enter_context(stand)
        for party in PARTIES:
            for alarm in apply(party, stand.instruments(party), kept):
                err.print(plain(f"{alarm.name}: {alarm.subject}: {alarm.advice}"))
        yield stand


@contextmanager
def _elsewhere(scenario: Scenario, addresses: Path | None) -> Iterator[Stand]:
    """Open the instruments that keep their settings: those of a rack that is ours alone do not."""
    lasting = {
        party: {
            role: config
            for role, config in here.items()
            if addresses is not None or not on_rack({party: {role: config}})
        }
        for party, here in scenario.instruments.items()
    }
    rack = read_addresses(addresses).instruments if addresses else {}
    with _opened(replace(scenario, instruments=lasting), rack, RealTime()) as stand:
        yield stand


def _opened(
    scenario: Scenario, rack: Mapping[str, Addresses], clock: Time, models: Models | None = None
) -> Stand:
    rigs: dict[Role, Rig] = {}
    try:
        for party in PARTIES:
            here = scenario.instruments.get(party, {})
            rigs[party] = Rig(party, {r: c for r, c in here.items() if r != RANDOM}, rack, models)
    except BaseException:
        for rig in rigs.values():
            rig.close()
        raise
    return Stand(scenario, rigs, clock)


def _print_undone(taken: Sequence[Result], dry_run: bool) -> None:
    table = _changes(
        [(each[0], each[1], each[3], each[2]) for r in taken for each in map(row, reversed(r.changes))]
    )
    out.print(table)
    names = ", ".join(result.step for result in taken) or "nothing"
    out.print(plain(f"{'would be undone' if dry_run else 'undone'}: {names}"))


def _print(results: Sequence[Result], file: Path, page: Path, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "results": [msgspec.to_builtins(result) for result in results],
                "file": str(file),
                "page": str(page),
            }
        )
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("step", "verdict"):
        table.add_column(name, overflow="fold")
    for result in results:
        advice = f": {result.advice}" if result.advice else ""
        table.add_row(
            result.step, Text(plain(result.verdict + advice), style="green" if result.good else "bold red")
        )
    out.print(table)
    out.print(_changes([row(change) for result in results for change in result.changes]))
    out.print(plain(f"Results are in {file}, plots in {page}."))


def _changes(rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in HEAD:
        table.add_column(name, overflow="fold")
    for each in rows:
        table.add_row(*map(plain, each))
    return table

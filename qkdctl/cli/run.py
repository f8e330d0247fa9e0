"""``qkdctl run`` and ``qkdctl demo``: a live session on this machine, real or emulated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from postproc.types import Role
from qkdctl.acquisition import Plan, acquire
from qkdctl.cli.calibrated import calibration_options, load_calibrated
from qkdctl.cli.intent import print_plan
from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.live import live_view, save_picture
from qkdctl.cli.origin import vouched_for
from qkdctl.cli.output import err, json_option, jsonable, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.recording import MIB, checked_key, record_options, retune_option
from qkdctl.cli.report import write_report
from qkdctl.cli.scenario import ScenarioName, scenario_argument
from qkdctl.cli.stores import store_option
from qkdctl.cli.table import print_summary
from qkdctl.cli.verdict import verdict
from qkdctl.cli.witnesses import Witnesses, logged, monitored, witness_options
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.config.scenario import Scenario
from qkdctl.diagnosis import raise_if_never_started, silent_detectors
from qkdctl.history import History
from qkdctl.keystore.pair import both_stores
from qkdctl.keystore.sharedkey import read_shared_key
from qkdctl.monitor.beacon import lit
from qkdctl.node.failure import main_failure
from qkdctl.report.record import Record, save_record, session_record
from qkdctl.summary import summarise
from qkdctl.witness import witnessed

FILE = click.Path(path_type=Path)
DURATION_S = 60.0
DEMO = "demo"
DEMO_STORE = Path("qkdctl-demo-keys")

duration_option = click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(0.01, 1e6),
    help="Seconds to record, from the moment both parties agree; the scenario's own by default.",
)


@click.command()
@scenario_argument
@click.option("--bob-config", type=ScenarioName(), help="Bob's own scenario, if it is not the same file.")
@duration_option
@click.option("--addresses", type=FILE, help="Where instruments answer, as qkdctl rack up writes it.")
@click.option(
    "--restarts", type=click.IntRange(0), default=0, help="How often to begin anew after something broke."
)
@click.option("--mixed", is_flag=True, help="Let real and emulated instruments stand side by side.")
@record_options
@retune_option
@click.option("--psk", type=FILE, help="Pre-shared key: both authentication pools begin anew with it.")
@click.option(
    "--bench-seed", type=int, help="Seed of the emulated bench; the keys do not depend on it alone."
)
@click.option(
    "--bench-speed", type=click.FloatRange(0.001, 10), default=1.0, help="Bench seconds in a second."
)
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be done, and do nothing.")
@calibration_options
@witness_options
@store_option
@json_option
def run(
    config: str,
    bob_config: str | None,
    duration_s: float | None,
    addresses: Path | None,
    restarts: int,
    mixed: bool,
    record: Path | None,
    record_key: Path | None,
    record_mib: int | None,
    retune: str,
    psk: Path | None,
    bench_seed: int | None,
    bench_speed: float,
    dry_run: bool,
    calibration: Path | None,
    uncalibrated: bool,
    directory: Path,
    as_json: bool,
    **witnesses: Any,
) -> int:
    """Record and make keys, live: both nodes of the scenario CONFIG on this machine.

    Instruments whose address is "rack" are emulated.
    """
    files: dict[Role, Path] = {
        "alice": scenario_path(config).resolve(),
        "bob": scenario_path(bob_config or config).resolve(),
    }
    scenarios, calibrations = load_calibrated(files, calibration, uncalibrated)
    scenarios["alice"].check_live()
    plan = Plan(
        scenario_files=files,
        scenarios=scenarios,
        stores=directory,
        duration_s=_duration_s(scenarios["alice"], duration_s),
        shared_key=None if psk is None else read_shared_key(psk),
        addresses=addresses,
        bench_seed=bench_seed,
        bench_speed=bench_speed,
        restarts=restarts,
        mixed=mixed,
        record=record,
        record_key=checked_key(record, record_key),
        retune=retune,
        record_bytes=None if record_mib is None else record_mib * MIB,
        calibrations=calibrations,
    )
    if dry_run:
        print_plan(plan, as_json)
        return 0
    return run_plan(plan, Witnesses(**witnesses), as_json)


@click.command()
@duration_option
@witness_options
@click.option(
    "--store",
    "directory",
    type=FILE,
    default=DEMO_STORE,
    show_default=True,
    help="Directory of the key stores.",
)
@json_option
def demo(duration_s: float | None, directory: Path, as_json: bool, **witnesses: Any) -> int:
    """Show a whole link at work: decoy BB84 over 10 dB of emulated fibre, from light to two equal keys."""
    path = scenario_path(DEMO)
    scenario = load_scenario(path)
    plan = Plan(
        scenario_files={"alice": path, "bob": path},
        scenarios={"alice": scenario, "bob": scenario},
        stores=directory,
        duration_s=_duration_s(scenario, duration_s),
    )
    return run_plan(plan, Witnesses(**witnesses), as_json)


def run_plan(plan: Plan, witnesses: Witnesses, as_json: bool) -> int:
    """Run a session before somebody's eyes; give the exit code."""
    witnesses.check()
    scenario, history = plan.scenarios["alice"], History()
    with stoppable() as stop:
        basis = scenario.parameters.bases.test
        with (
            logged(witnesses.log) as log,
            monitored(witnesses.monitor),
            live_view(scenario.name, basis) as view,
            witnessed(view.watch, history.take, log) as heard,
            lit(heard, scenario, plan.duration_s, history) as watch,
        ):
            outcome, alarms = acquire(plan, watch=watch, stop=stop)
        outcome.run.interrupted = stop()
    if not as_json and (real := vouched_for(outcome.failures.values())):
        return run_plan(replace(plan, vouched=(*plan.vouched, *real)), witnesses, as_json)
    failure = main_failure(outcome.failures)
    with both_stores(plan.stores) as stores:
        silent = [] if failure else silent_detectors(outcome.run, plan.scenarios)
        summary = summarise(outcome.run, stores, [*alarms, *silent])
        reasons = {role: each.reason for role, each in outcome.failures.items()}
        record = session_record(
            plan.scenarios,
            summary,
            history,
            stores,
            reasons,
            plan.calibrations,
            recorded=plan.record is not None,
        )
    _keep(record, plan.stores, witnesses.report)
    if witnesses.picture is not None:
        save_picture(view.render(), scenario.name, witnesses.picture)
    if failure is None:
        raise_if_never_started(outcome.run, plan.scenarios, {role: _live(role) for role in plan.scenarios})
    if as_json:
        print_json(summary)
    else:
        print_summary(summary, plan.stores)
    if failure is not None:
        err.print(plain(f"qkdctl: {failure.reason}"))
        return failure.exit_code
    return verdict(outcome.run, summary)


def _keep(record: Record, stores: Path, report: Path | None) -> None:
    """Write the session file, and the page where one is wanted."""
    text = json.dumps(jsonable(record), allow_nan=False)
    save_record(text, record["name"], record["started"], stores)
    if report is not None:
        write_report(json.loads(text), report)


def _duration_s(scenario: Scenario, asked_s: float | None) -> float:
    if asked_s is not None:
        return asked_s
    return DURATION_S if scenario.emulation is None else scenario.emulation.duration_s


def _live(role: Role) -> str:
    return f"{role.capitalize()}'s tagger"

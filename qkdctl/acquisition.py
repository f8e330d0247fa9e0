"""A live session on this machine: shared key, emulated rack where one is asked for, two nodes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from drivers.registry import Addresses
from postproc.types import Alarm, Role
from qkdctl.config.instruments import on_rack
from qkdctl.config.scenario import Scenario, reserve_tags
from qkdctl.errors import ConfigurationError
from qkdctl.keystore.pair import PARTIES, both_stores, settle, share_key
from qkdctl.node.addresses import read_addresses
from qkdctl.node.label import label_of
from qkdctl.rack import make_rack
from qkdctl.session import Line, Outcome, Session, run_session


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be recorded.

    Attributes
    ----------
    scenario_files : dict of Role to Path
    scenarios : dict of Role to Scenario
        What the files hold.
    stores : Path
        Directory of the key stores.
    duration_s : float
    shared_key : bytes or None
        Both authentication pools begin anew with it.
    addresses : Path or None
        Of a rack that is up already.
    bench_seed : int or None
        Of the emulated bench; a random one by default. It has no part in the keys.
    bench_speed : float
        How many seconds of bench time pass in one second.
    restarts : int
        How often a session that breaks may be followed by another.
    mixed : bool
        Real and emulated instruments may stand side by side.
    vouched : tuple of str
        Full names of instruments that cannot say whether they are real, and that a person says are.
    line : Line or None
        What stands between the two nodes, for tests.
    record, record_key : Path or None
        Where to record the session, and the file of the secret that encrypts it.
    record_bytes : int or None
        Keep only so much of it, the latest.
    calibrations : dict of Role to Path
        What each party was calibrated to; the scenarios here have it already.
    retune : str
        The command that either node runs when a block was refused.
    """

    scenario_files: dict[Role, Path]
    scenarios: dict[Role, Scenario]
    stores: Path
    duration_s: float
    shared_key: bytes | None = None
    addresses: Path | None = None
    bench_seed: int | None = None
    bench_speed: float = 1.0
    restarts: int = 0
    mixed: bool = False
    vouched: tuple[str, ...] = ()
    line: Line | None = None
    record: Path | None = None
    record_key: Path | None = None
    record_bytes: int | None = None
    calibrations: dict[Role, Path] = field(default_factory=dict)
    retune: str = ""


def acquire(
    plan: Plan,
    *,
    watch: Callable[[dict[Role, Path]], None] = lambda directories: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Outcome, list[Alarm]]:
    """Run a session to its end; the key stores are settled when it returns.

    Returns
    -------
    Outcome, list of Alarm
        What came of it; what was to be said before it began.

    Raises
    ------
    ConfigurationError
        If the instruments cannot be had as the scenario names them.
    RecordingError
        If the key stores cannot be used, or share no key.
    """
    scenario = plan.scenarios["alice"]
    with _rack(plan) as rack:
        alarms = _share_key(plan)
        session = Session(
            scenario_files=plan.scenario_files,
            stores=plan.stores.resolve(),
            duration_s=plan.duration_s,
            label=label_of(scenario, recorded=plan.record is not None, emulated=bool(rack), seeded=False),
            rack={
                name: address if isinstance(address, str) else dict(address) for name, address in rack.items()
            },
            restarts=plan.restarts,
            mixed=plan.mixed,
            vouched=plan.vouched,
            line=plan.line,
            record=plan.record.resolve() if plan.record else None,
            record_key=plan.record_key.resolve() if plan.record_key else None,
            record_bytes=plan.record_bytes,
            calibrations={role: path.resolve() for role, path in plan.calibrations.items()},
            retune=plan.retune,
        )
        outcome = run_session(session, scenario, watch=watch, stop=stop)
    with both_stores(plan.stores) as stores:
        settle(stores)
    return outcome, alarms


@contextmanager
def _rack(plan: Plan) -> Iterator[Mapping[str, Addresses]]:
    """Where emulated instruments answer; nothing where there are none."""
    scenario = plan.scenarios["alice"]
    for role in PARTIES:
        if not plan.scenarios[role].instruments.get(role):
            raise ConfigurationError(
                f"{plan.scenario_files[role]}: names no instruments for {role.capitalize()}"
            )
    if plan.addresses is not None:
        yield read_addresses(plan.addresses).instruments
    elif on_rack(scenario.instruments):
        seed = secrets.randbits(63) if plan.bench_seed is None else plan.bench_seed
        with make_rack(scenario, seed, plan.bench_speed) as rack:
            yield rack.addresses
    else:
        yield {}


def _share_key(plan: Plan) -> list[Alarm]:
    with both_stores(plan.stores) as stores:
        settle(stores)
        return share_key(stores, plan.shared_key, reserve_tags(plan.scenarios))

"""One round of a campaign: a session with faults, and what is left after it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic

import msgspec

from postproc.types import Role
from qkdctl.acquisition import Plan, acquire
from qkdctl.config.load import load_scenario
from qkdctl.errors import PeerLostError, QkdctlError
from qkdctl.faults.assassin import Assassin
from qkdctl.faults.collector import Collector
from qkdctl.faults.kinds import KINDS, Kind, kind_of
from qkdctl.faults.meddler import Meddler
from qkdctl.keystore.comparison import compare_stores
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.sessions import MENDABLE
from qkdctl.witness import witnessed

RESTARTS = 10_000
FOR_EVER_S = 1e6


class Result(msgspec.Struct, frozen=True):
    """What a round came to.

    Attributes
    ----------
    number, seed : int
    kind : str
    wall_s : float
    kills : dict of str to int
        By process.
    line : dict of str to int
        What was done to packets.
    frames : int
        Different ones that were said.
    keys : int
        Delivered at both ends.
    failures : list of str
        Why nodes ended for good, where they did.
    complaints : list of str
        What must not be.
    """

    number: int
    seed: int
    kind: str
    wall_s: float
    kills: dict[str, int]
    line: dict[str, int]
    frames: int
    keys: int
    failures: list[str]
    complaints: list[str]


def run_round(number: int, seed: int, scenario: Path, stop: Callable[[], bool] = lambda: False) -> Result:
    """Run a round; what happens in it follows from the seed and its number.

    Parameters
    ----------
    number, seed : int
    scenario : Path
    stop : callable, optional
        Asked again and again whether to end early.
    """
    dice = random.Random(f"{seed} {number}")  # noqa: S311 - chooses faults, not keys
    name = kind_of(number)
    with tempfile.TemporaryDirectory(prefix="qkdctl-round-") as root:
        return _Round(number, seed, name, dice, Path(root)).run(scenario, stop)


class _Round:
    def __init__(self, number: int, seed: int, name: str, dice: random.Random, root: Path) -> None:
        self._number, self._seed, self._name = number, seed, name
        self._kind: Kind = KINDS[name]
        self._dice = dice
        self._stores = root / "keys"
        self._stores.mkdir()

    def run(self, scenario: Path, stop: Callable[[], bool]) -> Result:
        begin_s = monotonic()
        assassin = Assassin(self._dice.getrandbits(32), self._kind.kill_after_s, self._kind.kills)
        collector = Collector(self._stores, self._dice.getrandbits(32))
        with closing(Meddler(self._kind.mischief, self._dice.getrandbits(32))) as line:
            failures = self._session(scenario, line, assassin, collector, stop)
        complaints: list[str] = []
        try:
            complaints += compare_stores(self._stores)["complaints"]
            collector.finish()
        except QkdctlError as error:
            complaints.append(str(error))
        return Result(
            number=self._number,
            seed=self._seed,
            kind=self._name,
            wall_s=round(monotonic() - begin_s, 1),
            kills=dict(assassin.kills),
            line={what: times for what, times in line.done.items() if times},
            frames=line.notary.frames,
            keys=collector.delivered,
            failures=failures,
            complaints=[*complaints, *collector.complaints, *line.notary.complaints],
        )

    def _session(
        self,
        scenario: Path,
        line: Meddler,
        assassin: Assassin,
        collector: Collector,
        stop: Callable[[], bool],
    ) -> list[str]:
        until_s = monotonic() + self._kind.longest_s
        plan = Plan(
            scenario_files=dict.fromkeys(PARTIES, scenario),
            scenarios=dict.fromkeys(PARTIES, load_scenario(scenario)),
            stores=self._stores,
            duration_s=FOR_EVER_S,
            bench_seed=self._dice.getrandbits(62),
            restarts=RESTARTS,
            line=line,
        )

        def watch(directories: dict[Role, Path]) -> None:
            assassin.watch(directories)
            collector.watch(directories)

        def over() -> bool:
            return stop() or monotonic() > until_s or (bool(self._kind.kills) and assassin.over)

        try:
            with witnessed(watch, assassin.hear) as watched:
                outcome, _ = acquire(plan, watch=watched, stop=over)
        except PeerLostError as error:
            # A machine too busy to start a node in time: the round shows nothing, and is not one that failed.
            return [str(error)]
        return [
            f"{role.capitalize()}: {failure.reason}"
            for role, failure in outcome.failures.items()
            if failure.exit_code not in MENDABLE
        ]

"""One round of a campaign: a session with faults, and what is left after it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic

from postproc.types import Role
from qkdctl.acquisition import Plan, acquire
from qkdctl.config.load import load_scenario
from qkdctl.errors import PeerLostError, QkdctlError
from qkdctl.faults.apart import run_apart
from qkdctl.faults.assassin import Assassin
from qkdctl.faults.collector import Collector
from qkdctl.faults.glutton import Glutton
from qkdctl.faults.kinds import KINDS, kind_of
from qkdctl.faults.meddler import Meddler
from qkdctl.faults.result import Result, skipped
from qkdctl.keystore.comparison import compare_stores
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.sessions import MENDABLE
from qkdctl.witness import witnessed

RESTARTS = 10_000
FOR_EVER_S = 1e6


def run_round(number: int, seed: int, scenario: Path, stop: Callable[[], bool] = lambda: False) -> Result:
    """Run a round; what happens in it follows from the seed and its number.

    Parameters
    ----------
    number, seed : int
    scenario : Path
    stop : callable, optional
        Asked again and again whether to end early.
    """
    name = kind_of(number)
    if KINDS[name].fills:
        return run_apart(number, seed, name, scenario, stop)
    return run_on(Path(tempfile.gettempdir()), number, seed, scenario, stop)


def run_on(disk: Path, number: int, seed: int, scenario: Path, stop: Callable[[], bool]) -> Result:
    """Run a round in this process, with the key stores on a disk that may be filled if its kind says so."""
    with tempfile.TemporaryDirectory(prefix="qkdctl-round-", dir=disk) as root:
        return _Round(number, seed, Path(root)).run(scenario, stop)


class _Round:
    def __init__(self, number: int, seed: int, root: Path) -> None:
        self._number, self._seed, self._name = number, seed, kind_of(number)
        self._kind = KINDS[self._name]
        self._dice = random.Random(f"{seed} {number}")  # noqa: S311 - chooses faults, not keys
        self._stores = root / "keys"
        self._stores.mkdir()
        after_s = self._kind.after_s
        self._assassin = Assassin(self._dice.getrandbits(32), after_s, self._kind.kills)
        self._collector = Collector(self._stores, self._dice.getrandbits(32))
        self._line = Meddler(self._kind.mischief, self._dice.getrandbits(32))
        self._bench_seed = self._dice.getrandbits(62)
        self._glutton = Glutton(root, self._dice.getrandbits(32), after_s, self._kind.fills)

    def run(self, scenario: Path, stop: Callable[[], bool]) -> Result:
        begin_s = monotonic()
        try:
            with closing(self._line), closing(self._glutton):
                failures = self._session(scenario, stop)
        except PeerLostError as error:
            # A machine too busy to start a node in time: the round shows nothing, and is not one that failed.
            return skipped(self._number, self._seed, self._name, str(error))
        complaints = [] if self._glutton.recovered else ["no key was made after the disk had room again"]
        try:
            complaints += compare_stores(self._stores)["complaints"]
            self._collector.finish()
        except QkdctlError as error:
            complaints.append(str(error))
        line = self._line
        return Result(
            number=self._number,
            seed=self._seed,
            kind=self._name,
            wall_s=round(monotonic() - begin_s, 1),
            kills=dict(self._assassin.kills),
            line={what: times for what, times in line.done.items() if times},
            frames=line.notary.frames,
            keys=self._collector.delivered,
            failures=failures,
            complaints=[*complaints, *self._collector.complaints, *line.notary.complaints],
            fills=self._glutton.fills,
        )

    def _session(self, scenario: Path, stop: Callable[[], bool]) -> list[str]:
        until_s = monotonic() + self._kind.longest_s
        plan = Plan(
            scenario_files=dict.fromkeys(PARTIES, scenario),
            scenarios=dict.fromkeys(PARTIES, load_scenario(scenario)),
            stores=self._stores,
            duration_s=FOR_EVER_S,
            bench_seed=self._bench_seed,
            bench_speed=self._kind.speed,
            restarts=RESTARTS,
            line=self._line,
        )

        def over() -> bool:
            if not (stop() or monotonic() > until_s or self._done):
                return False
            # Nobody ends a session in good order on a full disk.
            self._glutton.close()
            return True

        with witnessed(self._watch, self._assassin.hear, self._glutton.hear) as watched:
            outcome, _ = acquire(plan, watch=watched, stop=over)
        return [
            f"{role.capitalize()}: {failure.reason}"
            for role, failure in outcome.failures.items()
            # One that ends while there is no room would have tried again.
            if failure.exit_code not in MENDABLE and not failure.disk_full
        ]

    def _watch(self, directories: dict[Role, Path]) -> None:
        self._assassin.watch(directories)
        self._glutton.watch(directories)
        self._collector.watch(directories, full=self._glutton.full)

    @property
    def _done(self) -> bool:
        """Whether all faults that were to strike have struck."""
        counted = self._kind.kills or self._kind.fills
        return bool(counted) and self._assassin.over and self._glutton.over

"""Round after round, each written down when it is done: a campaign can be stopped and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from qkdctl import __version__
from qkdctl.errors import ConfigurationError, RecordingError
from qkdctl.faults.kinds import ORDER
from qkdctl.faults.result import Result
from qkdctl.faults.rounds import run_round


class Campaign(msgspec.Struct, frozen=True):
    """What is to be done.

    Attributes
    ----------
    scenario : Path
    state : Path
        A line of JSON for every round; shards share it.
    seed : int
    rounds : int
        Numbers below this are run.
    kills : int
        When so many processes were killed in all, it is enough; 0 where only the rounds count.
    shard, shards : int
        This process runs every `shards`-th round, beginning with number `shard`.
    """

    scenario: Path
    state: Path
    seed: int = 1
    rounds: int = len(ORDER)
    kills: int = 0
    shard: int = 0
    shards: int = 1

    def run(self, tell: Callable[[Result], None], stop: Callable[[], bool] = lambda: False) -> None:
        """Run the rounds that are still to do.

        Parameters
        ----------
        tell : callable
            Given each result.
        stop : callable, optional
            Asked again and again whether to end; the round under way is run again next time, as are those that
            had to be skipped.
        """
        digest = self._digest()
        for number in range(self.shard, self.rounds, self.shards):
            done = self.results()
            if self.kills and sum(sum(result.kills.values()) for result in done) >= self.kills:
                return
            if any(result.number == number and not result.skipped for result in done):
                continue
            result = run_round(number, self.seed, self.scenario, stop)
            if stop():
                return
            self._keep(msgspec.structs.replace(result, scenario=digest, version=__version__))
            tell(result)

    def results(self) -> list[Result]:
        """Give the rounds that are done, and those that were skipped and not run since.

        Raises
        ------
        ConfigurationError
            If the scenario's file cannot be read.
        RecordingError
            If the file is of another campaign, or none.
        """
        try:
            lines = self.state.read_bytes().splitlines()
            results = [msgspec.json.decode(line, type=Result) for line in lines]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RecordingError(f"{self.state}: cannot be read: {error.strerror}") from None
        except (msgspec.MsgspecError, ValueError) as error:
            raise RecordingError(f"{self.state}: is no state of a campaign: {error}") from None
        self._check(results)
        return list({result.number: result for result in results}.values())

    def _check(self, results: list[Result]) -> None:
        """See that all of them are of this campaign."""
        expected = {"seed": self.seed, "scenario": self._digest(), "version": __version__}
        for result in results:
            for what, value in expected.items():
                if (found := getattr(result, what)) != value:
                    raise RecordingError(
                        f"{self.state}: is of a campaign with {what} {found or 'unknown'}, expected {value}; "
                        "name another file"
                    )

    def _digest(self) -> str:
        """Tell scenarios apart, by the bytes of their files."""
        try:
            return sha256(self.scenario.read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise ConfigurationError(f"{self.scenario}: cannot be read: {error.strerror}") from None

    def _keep(self, result: Result) -> None:
        with self.state.open("ab", buffering=0) as file:
            file.write(msgspec.json.encode(result) + b"\n")

"""Round after round, each written down when it is done: a campaign can be stopped and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from qkdctl.errors import RecordingError
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
            Asked again and again whether to end; the round under way is run again next time.
        """
        for number in range(self.shard, self.rounds, self.shards):
            done = self.results()
            if self.kills and sum(sum(result.kills.values()) for result in done) >= self.kills:
                return
            if any(result.number == number for result in done):
                continue
            result = run_round(number, self.seed, self.scenario, stop)
            if stop():
                return
            self._keep(result)
            tell(result)

    def results(self) -> list[Result]:
        """Give the rounds that are done.

        Raises
        ------
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
        if any(result.seed != self.seed for result in results):
            raise RecordingError(
                f"{self.state}: is of a campaign with seed {results[0].seed}, expected {self.seed}; name another file"
            )
        return results

    def _keep(self, result: Result) -> None:
        with self.state.open("ab", buffering=0) as file:
            file.write(msgspec.json.encode(result) + b"\n")

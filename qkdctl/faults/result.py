"""What a round of a campaign came to."""

from __future__ import annotations

import msgspec

from qkdctl.faults.kinds import KINDS


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
        What must not be, whatever goes wrong.
    fills : int
        How often the disk was filled.
    skipped : str
        Why the round could not be run on this machine, and shows nothing; empty where it was.
    scenario, version : str
        Digest of the scenario's file, and qkdctl's version.
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
    fills: int = 0
    skipped: str = ""
    scenario: str = ""
    version: str = ""

    @property
    def wrong(self) -> list[str]:
        """All that is to be complained of, also by what may go wrong in a round of its kind."""
        kind = KINDS[self.kind]
        if self.skipped:
            return self.complaints
        keyless = ["no key was made"] if kind.makes_keys and not self.keys else []
        return [*self.complaints, *keyless, *(self.failures if kind.bears_all else ())]


def skipped(number: int, seed: int, kind: str, why: str) -> Result:
    """Give the result of a round that cannot be run here."""
    return Result(number, seed, kind, 0.0, {}, {}, 0, 0, [], [], skipped=why)

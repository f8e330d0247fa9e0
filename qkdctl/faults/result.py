"""What a round of a campaign came to."""

from __future__ import annotations

import msgspec


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
    fills : int
        How often the disk was filled.
    skipped : str
        Why the round could not be run on this machine; empty where it was.
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


def skipped(number: int, seed: int, kind: str, why: str) -> Result:
    """Give the result of a round that cannot be run here."""
    return Result(number, seed, kind, 0.0, {}, {}, 0, 0, [], [], skipped=why)

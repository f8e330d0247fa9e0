"""The kinds of rounds that a campaign has; rounds take turns."""

from __future__ import annotations

import msgspec

from qkdctl.faults.meddler import Mischief


class Kind(msgspec.Struct, frozen=True):
    """What goes wrong in a round.

    Attributes
    ----------
    longest_s : float
        The round is over then at the latest.
    kills : int
        The round is over when so many processes were killed; 0 where none are.
    fills : int
        The round is over when the disk was filled so often, and a key made after it; 0 where it is not.
    after_s : float
        Mean pause between the moment that such a fault waits for, and the fault.
    speed : float
        Bench seconds in a second: slow light leaves the processor to those who begin anew.
    mischief : Mischief
        What the line does.
    makes_keys : bool
        Some key must be made in a round, however short.
    """

    longest_s: float = 60.0
    kills: int = 0
    fills: int = 0
    after_s: float = 0.5
    speed: float = 1.0
    mischief: Mischief = Mischief()
    makes_keys: bool = False

    @property
    def bears_all(self) -> bool:
        """Whether no node may fail for good: what is said on the line is left alone."""
        return self.mischief == Mischief()


KINDS = {
    "kill": Kind(longest_s=900.0, kills=25, makes_keys=True),
    "lossy": Kind(mischief=Mischief(drop=0.03, duplicate=0.03, delay=0.1), makes_keys=True),
    "liar": Kind(mischief=Mischief(corrupt=0.003, replay=0.02)),
    "cut": Kind(longest_s=90.0, mischief=Mischief(cut_every_s=15.0, cut_s=25.0)),
    "everything": Kind(
        longest_s=900.0,
        kills=20,
        mischief=Mischief(
            drop=0.01, duplicate=0.01, delay=0.05, corrupt=0.001, replay=0.01, cut_every_s=30.0, cut_s=3.0
        ),
    ),
    "full": Kind(longest_s=900.0, fills=6, speed=0.2, makes_keys=True),
}

ORDER = ("kill", "lossy", "kill", "liar", "kill", "cut", "kill", "everything", "full")
"""Of the rounds, again and again."""


def kind_of(number: int) -> str:
    """Name the kind of a round."""
    return ORDER[number % len(ORDER)]

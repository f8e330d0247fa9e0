"""A party's detectors, and what their clicks mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Len

from postproc.parameters.strict import Strict


@dataclass(frozen=True)
class Detector(Strict):
    """One single-photon detector and what its click means.

    Attributes
    ----------
    channel : int
        Logical channel of its tags.
    basis : str
        Name of the basis it measures.
    bit : {0, 1}
        The bit its click stands for.
    delay_ps : int
        Known electrical delay, taken off before anything else.
    """

    channel: Annotated[int, Ge(0), Le(255)]
    basis: Annotated[str, Len(1, 16)]
    bit: Annotated[int, Ge(0), Le(1)]
    delay_ps: Annotated[int, Ge(-1_000_000), Le(1_000_000)] = 0


@dataclass(frozen=True)
class Bases(Strict):
    """Names of the two bases and their roles, fixed before the run."""

    key: Annotated[str, Len(1, 16)] = "Z"
    test: Annotated[str, Len(1, 16)] = "X"

    def __post_init__(self) -> None:
        if self.key == self.test:
            raise ValueError(f"the key basis and the test basis are both {self.key!r}")


@dataclass(frozen=True)
class Receiver(Strict):
    """A party's detectors.

    Attributes
    ----------
    detectors : tuple of Detector
    hold_off_ps : int
        After a click, all detectors of the party are ignored for this long: it covers dead time and
        echoes, alike for all, so that the missing clicks tell nothing.
    double_click_ps : int
        Clicks of different detectors this close belong to one event; its bit is drawn at random.
    """

    detectors: Annotated[tuple[Detector, ...], Len(2, 16)]
    hold_off_ps: Annotated[int, Ge(0), Le(10**9)]
    double_click_ps: Annotated[int, Ge(0), Le(10**6)]

    def __post_init__(self) -> None:
        channels = [detector.channel for detector in self.detectors]
        if twice := [channel for channel in channels if channels.count(channel) > 1]:
            raise ValueError(f"channel {twice[0]} is given to two detectors")

    def check(self, party: str, bases: Bases) -> None:
        """Raise ValueError unless the detectors tell both bits of both bases."""
        outcomes = {(detector.basis, detector.bit) for detector in self.detectors}
        for basis in (bases.key, bases.test):
            for bit in (0, 1):
                if (basis, bit) not in outcomes:
                    raise ValueError(f"{party} has no detector for bit {bit} of basis {basis!r}")
        if odd := sorted({basis for basis, _ in outcomes} - {bases.key, bases.test}):
            raise ValueError(
                f"a detector of {party} measures basis {odd[0]!r}, and the bases are {bases.key!r} and "
                f"{bases.test!r}"
            )

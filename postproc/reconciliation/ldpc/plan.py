"""How a block is cut into frames and how much each tells at first; both parties derive the same plan.

How much a frame needs is random: the number of errors alone makes it spread by
``sqrt(n q (1 - q)) log2((1 - q) / q)`` bits. Telling so much at once that nearly every frame decodes would
waste most of that. A frame starts near the median of the need instead, and what is missing is disclosed in
steps (J. Martinez-Mateo, D. Elkouss and V. Martin, "Blind reconciliation", Quantum Inf. Comput. 12 (2012)
791).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import ceil, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation.codes.code import Code
from postproc.reconciliation.codes.library import library
from postproc.reconciliation.codes.lifting import lifted
from postproc.reconciliation.ldpc.layout import Layout, Words, layout
from postproc.reconciliation.profile import Profile

MAX_FRAME_BITS: dict[Profile, int] = {"efficient": 1 << 20, "fast": 1 << 16}
"""Longer frames need less, shorter ones are quicker, and fit a CPU's cache."""

BASE_FRAME_WORDS = 1 << 10
"""What the longest code of the library is for; longer frames take it lifted."""

MIN_QBER, MAX_QBER = 0.002, 0.25
MIN_STEP = 8
STEP_GROWTH = 1.15
"""Steps grow, so that a frame with far more errors than expected ends soon."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """How far from the median need to start, and how long the first step is.

    `start` and `step` are in spreads of the need; `more` is a share of the median, for fewer sweeps.
    `reserve` and `reserve_share`, in spreads and as a share of the median, are what punctured bits are kept for:
    while there are any, a bit disclosed is a bit of syndrome; of the key it tells less. But they cost sweeps.
    """

    start: float
    step: float
    reserve: float
    reserve_share: float = 0.0
    more: float = 0.0


PACES: dict[Profile, _Pace] = {
    "efficient": _Pace(-0.6, 0.3, 3.1, reserve_share=0.05),
    "fast": _Pace(1.0, 0.5, 0.6, more=0.025),
}
"""A frame that fails takes as long as three that do not: starting low saves bits and costs time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Frames of one code.

    Attributes
    ----------
    code : Code
        The code of all frames.
    payload_words : tuple of int
        Words of 64 key bits in each frame.
    punctured : int
        Random bits in each frame.
    first_step : int
        Bits disclosed of each frame when it could not be decoded; later steps are longer.
    qber : float
        The error rate planned for.
    """

    code: Code
    payload_words: tuple[int, ...]
    punctured: int
    first_step: int
    qber: float

    @lru_cache(maxsize=32)  # noqa: B019 - plans are few, small and equal where their contents are
    def error_rate_for(self, disclosed: int) -> float:
        """Guess a frame's error rate when so much had to be disclosed: that planned for, or higher.

        It is the rate at which the syndrome bits that are not hidden any more would just do for the key bits
        that are not disclosed.
        """
        told = self.code.checks - max(self.punctured - disclosed, 0)
        unknown = 64 * self.payload_words[0] - max(disclosed - self.punctured, 0)
        rates = (self.qber * 1.05**step for step in count())
        return next(q for q in rates if q > MAX_QBER or _Need.of(unknown, q).median >= told)

    @property
    def layouts(self) -> list[Layout]:
        """Give the layout of each frame."""
        return [layout(self.code, self.punctured, words) for words in self.payload_words]

    def split(self, words: Words) -> list[Words]:
        """Cut a block into the frames' words."""
        return np.split(words, np.cumsum(self.payload_words[:-1]))

    def steps(self) -> Iterator[int]:
        """Give how many bits each round discloses of a frame, without end."""
        return (ceil(self.first_step * STEP_GROWTH**round_number) for round_number in count())


@dataclass(frozen=True, slots=True)
class _Need:
    """How many bits a frame needs to be told: the median, and the spread of the need."""

    median: float
    spread: float

    @classmethod
    def of(cls, n: int, q: float) -> _Need:
        """Estimate it for `n` bits; fitted to this family of codes, 2000 to 10^6 bits at 1 to 11 %."""
        least = n * binary_entropy(q)
        lifts = log2(max(n, 1 << 16)) - 16
        return cls(
            least * (1.062 - 0.003 * lifts + 0.00087 / q) + 40, sqrt(n * q * (1 - q)) * log2((1 - q) / q)
        )


@lru_cache(maxsize=32)
def plan(n: int, qber: float, profile: Profile) -> Plan | None:
    """Plan the frames of a block.

    Parameters
    ----------
    n : int
        Bits in the block.
    qber : float
        Estimate of the error rate; a wrong one costs bits and rounds, never correctness.
    profile : {"efficient", "fast"}
        Fewest bits, or fewer rounds and decodings.

    Returns
    -------
    Plan or None
        None for an empty block.
    """
    if n == 0:
        return None
    q = min(max(qber, MIN_QBER), MAX_QBER)
    words = ceil(n / 64)
    payload_words = _equal_parts(words, ceil(64 * words / MAX_FRAME_BITS[profile]))
    need, pace = _Need.of(64 * payload_words[0], q), PACES[profile]
    start = round((1 + pace.more) * need.median + pace.start * need.spread)
    code, punctured = _choose(
        payload_words[0], start, pace.reserve_share * need.median + pace.reserve * need.spread
    )
    return Plan(code, payload_words, punctured, max(MIN_STEP, round(pace.step * need.spread)), q)


def _equal_parts(n: int, parts: int) -> tuple[int, ...]:
    """Split `n` into `parts` that differ by one at most, the larger ones first."""
    size, larger = divmod(n, parts)
    return (size + 1,) * larger + (size,) * (parts - larger)


def _choose(words: int, start: int, reserve: float) -> tuple[Code, int]:
    """Give a code for so many words of key, and the punctured bits that make it tell `start` bits.

    The shortest code, and of these the one with fewest checks, whose punctured bits are at least `reserve`:
    they are what is disclosed first. Where no code can, the one with most checks; the rest has to come from
    key bits disclosed.
    """
    factor = 1 << (ceil(words / BASE_FRAME_WORDS) - 1).bit_length()
    columns, checks, most = (factor * sizes for sizes in _sizes())
    punctured = np.clip(checks - start, 0, most)
    fits = words + -(-punctured // 64) <= columns
    sound = fits & (punctured >= reserve) & (checks >= start)
    best = int(np.argmax(sound)) if sound.any() else int(np.argmax(np.where(fits, checks - punctured, -1)))
    return lifted(library()[best], factor), int(punctured[best])


@lru_cache(maxsize=1)
def _sizes() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give columns, checks and bits that may be punctured of each code in the library."""
    codes = library()
    sizes = [[code.n_columns, code.checks, code.max_punctured] for code in codes]
    columns, checks, most = np.array(sizes, np.int64).T
    return columns, checks, most

"""Which error rate to prepare a block for: that of its test basis at first, then that of keys corrected earlier.

Alice decides and says so: it is a public figure. It tunes the first try, and decides nothing about security.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from postproc.estimation.statistics import Statistics

LAG = 4
"""A block looks no further than to the fourth before it: whether that has ended here does not hang by a hair, so that
the same recording gives the same keys, however its blocks overlap."""

MEMORY = 8
"""Over so many blocks earlier errors are pooled."""

SIGNIFICANT = 4.0
"""Standard deviations by which a block's test errors must differ from earlier ones to count as a change."""

LARGEST_CHANGE = 4.0


@dataclass(frozen=True, slots=True)
class _Counts:
    """Errors among a number of bits."""

    errors: int
    bits: int

    @property
    def rate(self) -> float:
        """One more than were seen: none in a few bits does not mean that there are none."""
        return min((self.errors + 1) / (self.bits + 2), 0.5)

    @classmethod
    def pooled(cls, parts: list[_Counts]) -> _Counts:
        return cls(sum(part.errors for part in parts), sum(part.bits for part in parts))


@dataclass(slots=True)
class Expectation:
    """What Alice has learnt of blocks that have ended."""

    _keys: dict[int, _Counts] = field(default_factory=dict)
    _tests: dict[int, _Counts] = field(default_factory=dict)

    def learn(self, block: int, statistics: Statistics, key_errors: int) -> None:
        """Keep how many errors a block's key and its test had."""
        self._keys[block] = _Counts(key_errors, sum(statistics.key))
        self._tests[block] = _test_of(statistics)
        for old in [number for number in self._keys if number <= block - LAG - 4 * MEMORY]:
            del self._keys[old], self._tests[old]

    def rate(self, block: int, statistics: Statistics) -> float:
        """Give the error rate that a block's key is expected to have.

        Where its test shows significantly more or fewer errors than the tests of those earlier blocks, their keys' rate
        is taken to have changed as much.
        """
        test = _test_of(statistics)
        known = sorted(number for number in self._keys if number <= block - LAG)[-MEMORY:]
        if not known:
            return test.rate
        keys = _Counts.pooled([self._keys[number] for number in known])
        before = _Counts.pooled([self._tests[number] for number in known]).rate
        spread = sqrt(test.bits * before * (1 - before))
        changed = abs(test.errors - test.bits * before) > SIGNIFICANT * spread + 1
        change = min(max(test.rate / before, 1 / LARGEST_CHANGE), LARGEST_CHANGE) if changed else 1.0
        return min(keys.rate * change, 0.5)


def _test_of(statistics: Statistics) -> _Counts:
    return _Counts(sum(statistics.test_errors), sum(statistics.test))

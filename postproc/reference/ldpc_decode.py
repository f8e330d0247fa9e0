"""Layered sum-product decoding of a syndrome in 8 bits, check by check, in Python's integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from postproc.bits import Bits
from postproc.reference.ldpc import LIFTING, ldpc_syndrome

STALLED_SWEEPS, STUCK_SWEEPS, LATE_SHARE = 2, 4, 1000
KNOWN_RATIO, LARGEST_POSTERIOR = 127, 71


def clamp(x: int, low: int, high: int) -> int:
    """Give the nearest number in a range."""
    return min(max(x, low), high)


@dataclass
class Decoder:
    """What is believed of the bits, and each row's last answers.

    Attributes
    ----------
    row_start, column, shift : sequence of int
        The code.
    posterior : list of int
        Log-likelihood ratios, positive for 0; at first, what is believed before anything is decoded.
    message : dict of (int, int) to int
        What entry e's row has added to the posterior of its bit r.
    is_weak : bool
        Whether the ratios of bits of degree 2 were reduced, but for those that are certain, `KNOWN_RATIO`.
    """

    row_start: Sequence[int]
    column: Sequence[int]
    shift: Sequence[int]
    posterior: list[int]
    message: dict[tuple[int, int], int] = field(default_factory=dict)
    is_weak: bool = False

    def __post_init__(self) -> None:
        self._initial = list(self.posterior)

    def run(self, tables: Sequence[int], syndrome: Bits, max_sweeps: int, patience: int) -> tuple[Bits, int]:
        """Give the bits decided on, and the sweeps it took; 0 sweeps if they do not have the syndrome."""
        table = [list(tables[i : i + 128]) for i in range(0, len(tables), 128)]
        wanted = syndrome.to_array().tolist()
        unfulfilled, least, since_least = len(wanted) + 1, 0, 0
        for sweep in range(max_sweeps):
            few = unfulfilled < len(wanted) // LATE_SHARE + 8
            late = since_least >= STALLED_SWEEPS and few
            if since_least >= STUCK_SWEEPS and few and not self.is_weak:
                self._weaken()
                since_least = 0
            unfulfilled = self._sweep(table, wanted, sweep, late=late)
            since_least = 0 if unfulfilled < least or sweep == 0 else since_least + 1
            least = unfulfilled if sweep == 0 else min(least, unfulfilled)
            decided = Bits.from_array(np.array(self.posterior) < 0)
            fits = ldpc_syndrome(self.row_start, self.column, self.shift, decided) == syndrome
            if (patience and unfulfilled == 0 and fits) or sweep + 1 == max_sweeps:
                return decided, (sweep + 1) * fits
            if patience and since_least >= patience:
                return decided, (sweep + 1) * fits
        raise ValueError("decoding takes one sweep at least")

    def _weaken(self) -> None:
        """Reduce what bits of degree 2 were believed at first to a quarter, once."""
        self.is_weak = True
        degree = Counter(self.column)
        for bit, initial in enumerate(self._initial):
            if abs(initial) < KNOWN_RATIO and degree[bit // LIFTING] == 2:
                less = abs(initial) - abs(initial) // 4
                after = clamp(self.posterior[bit] - (less if initial > 0 else -less), -128, 127)
                self.posterior[bit] = clamp(after, -LARGEST_POSTERIOR, LARGEST_POSTERIOR)

    def _sweep(self, table: list[list[int]], wanted: list[int], sweep: int, *, late: bool) -> int:
        """Go through all checks; count those that were not fulfilled when their turn came."""
        unfulfilled = 0
        for row, (first, end) in enumerate(pairwise(self.row_start)):
            for r in range(LIFTING):
                entries = range(first, end)
                unfulfilled += self._check(table, entries, r, wanted[LIFTING * row + r], sweep, late=late)
        return unfulfilled

    def _check(
        self, table: list[list[int]], entries: range, r: int, wanted: int, sweep: int, *, late: bool
    ) -> int:
        first, posterior = entries.start, self.posterior
        at = {e: LIFTING * self.column[e] + (r + self.shift[e]) % LIFTING for e in entries}
        t = {e: posterior[at[e]] - self.message.get((e, r), 0) for e in at}
        unfulfilled = (wanted + sum(posterior[at[e]] < 0 for e in at)) % 2
        phi = {e: table[(e - first + sweep) % 4][abs(t[e])] for e in at}
        total = min(sum(phi.values()), 255)
        negative = wanted + sum(t[e] < 0 for e in at)
        for e in at:
            others = max(total - phi[e], 0)
            inverse = table[4 + 4 * late + ((e - first) % 2 + sweep) % 4]
            answer = inverse[min(others, 127)]
            answer = -answer if (negative - (t[e] < 0)) % 2 else answer
            posterior[at[e]] = clamp(t[e] + answer, -LARGEST_POSTERIOR, LARGEST_POSTERIOR)
            self.message[e, r] = posterior[at[e]] - t[e]
        return unfulfilled

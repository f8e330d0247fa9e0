"""Placing circulants: progressive edge growth over a quasi-cyclic base matrix.

After X.-Y. Hu, E. Eleftheriou and D. M. Arnold (IEEE Trans. Inf. Theory 51 (2005) 386), with circulants of
size 64 in the place of edges, and cycles weighted by how badly they are connected to the rest of the graph
(T. Tian et al., IEEE Trans. Commun. 52 (2004) 1242): a cycle through columns of low degree costs most.

A check is written (row, copy) and a bit (column, copy): an entry with shift s joins check copy k to bit copy
k + s, modulo 64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIFTING = 64
SHORTEST_CYCLE_COST = 1e3
CONTACT_COST = 30.0

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entry:
    """One circulant of a base matrix."""

    row: int
    column: int
    shift: int


class _Lists:
    """For each row (or column) its entries: what they join, and by which shift."""

    def __init__(self, count: int, longest: int) -> None:
        self.other = np.zeros((count, longest), np.int64)
        self.shift = np.zeros((count, longest), np.int64)
        self.length = np.zeros(count, np.int64)

    def append(self, index: int, other: int, shift: int) -> None:
        """Add an entry."""
        at = self.length[index]
        self.other[index, at], self.shift[index, at] = other, shift
        self.length[index] += 1

    def expand(self, index: Ints) -> tuple[Ints, Ints, Ints]:
        """Give, for all entries of all `index`: which of `index`, what it joins, the shift."""
        present = np.arange(self.other.shape[1]) < self.length[index, None]
        return np.nonzero(present)[0], self.other[index][present], self.shift[index][present]


class Draws:
    """Random choices that depend on the seed alone, not on NumPy's version."""

    def __init__(self, seed: int) -> None:
        self._words = np.random.Philox(key=seed)

    def below(self, limit: int) -> int:
        """Give a number below `limit`."""
        return int(self._words.random_raw()) % limit

    def permutation(self, n: int) -> Ints:
        """Give `n` indices in random order."""
        return np.argsort(self._words.random_raw(n), kind="stable")


class Placement:
    """A base matrix under construction.

    Parameters
    ----------
    n_rows : int
        Rows of the base matrix.
    degrees : array of int, shape (n_columns,)
        Degree of each column, ascending; degree 2 at most ``n_rows - 1`` times.
    draws : Draws
        Breaks ties.
    """

    def __init__(self, n_rows: int, degrees: Ints, draws: Draws) -> None:
        self._draws = draws
        self._degrees = degrees
        self._rows = _Lists(n_rows, len(degrees))
        self._columns = _Lists(len(degrees), int(degrees.max()))
        self._path = np.full(n_rows, -1)
        self.entries: list[Entry] = []

    def run(self) -> list[Entry]:
        """Place all columns, lowest degree first; give the entries, ordered by row and column."""
        chained = int(np.count_nonzero(self._degrees == 2))
        self._chain(chained)
        for column in range(chained, len(self._degrees)):
            self._place(column)
        return sorted(self.entries, key=lambda entry: (entry.row, entry.column))

    def _add(self, row: int, column: int, shift: int) -> None:
        self.entries.append(Entry(row, column, shift))
        self._rows.append(row, column, shift)
        self._columns.append(column, row, shift)

    def _chain(self, count: int) -> None:
        """Join rows by columns of degree 2 in one path without cycles, 64 copies of which lie side by side.

        ``_path[row]`` is such that check copy k of the row lies on copy ``k + _path[row]`` of the path.
        """
        rows = self._draws.permutation(len(self._path))
        self._path[rows[0]] = 0
        for column in range(count):
            row, following = int(rows[column]), int(rows[column + 1])
            shift, following_shift = self._draws.below(LIFTING), self._draws.below(LIFTING)
            self._add(row, column, shift)
            self._add(following, column, following_shift)
            self._path[following] = (self._path[row] - shift + following_shift) % LIFTING

    def _place(self, column: int) -> None:
        """Choose the column's entries one by one, each where it closes the least harmful cycles."""
        cost = np.zeros((len(self._path), LIFTING))
        for done in range(int(self._degrees[column])):
            if done:
                last = self._columns.other[column, done - 1], self._columns.shift[column, done - 1]
                self._charge_cycles(cost, column, *last)
                self._charge_contact(cost, column, *last)
            row, copy = self._cheapest(cost, column)
            self._add(row, column, -copy % LIFTING)

    def _cheapest(self, cost: NDArray[np.float64], column: int) -> tuple[int, int]:
        """Among the least-filled rows that the column has not, a check with least cost for bit copy 0."""
        filled = self._rows.length.astype(float)
        filled[self._columns.other[column, : self._columns.length[column]]] = np.inf
        rows = np.flatnonzero(filled <= filled.min())
        if len(rows) < 4:
            rows = np.flatnonzero(filled <= filled.min() + 1)
        choices = np.argwhere(cost[rows] <= cost[rows].min())
        row, copy = choices[self._draws.below(len(choices))]
        return int(rows[row]), int(copy)

    def _charge_cycles(self, cost: NDArray[np.float64], column: int, row: int, shift: int) -> None:
        """Add what it would cost to close cycles of length 4 and 6 through the entry placed last."""
        checks = np.array([row]), np.array([-shift % LIFTING]), np.array([1.0])
        for scale in (SHORTEST_CYCLE_COST, 1.0):
            checks = self._two_steps(*checks, column)
            row_and_copy = checks[0] * LIFTING + checks[1]
            cost += scale * np.bincount(row_and_copy, checks[2], cost.size).reshape(cost.shape)

    def _two_steps(
        self, row: Ints, copy: Ints, weight: NDArray[np.float64], start: int
    ) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """From checks to their bits to the other checks of these, but not through the starting column."""
        which, column, shift = self._rows.expand(row)
        keep = column != start
        which, column, shift = which[keep], column[keep], shift[keep]
        bit = (copy[which] + shift) % LIFTING
        at_bit, next_row, next_shift = self._columns.expand(column)
        onward = next_row != row[which[at_bit]]
        at_bit, next_row, next_shift = at_bit[onward], next_row[onward], next_shift[onward]
        lighter = weight[which] / (self._degrees[column] - 1)
        return next_row, (bit[at_bit] - next_shift) % LIFTING, lighter[at_bit]

    def _charge_contact(self, cost: NDArray[np.float64], column: int, row: int, shift: int) -> None:
        """Make it costly to touch the same copy of the degree-2 path twice."""
        on_path = self._path >= 0
        if on_path[row]:
            path = (-shift + self._path[row]) % LIFTING
            rows = np.flatnonzero(on_path)
            cost[rows, (path - self._path[rows]) % LIFTING] += CONTACT_COST / self._degrees[column]

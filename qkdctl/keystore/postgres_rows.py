"""Rows of PostgreSQL's results that give columns by name or place, as SQLite's do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from psycopg import Cursor


class Record:
    """A row of a result.

    Parameters
    ----------
    places : dict of str to int
        Where each column is.
    values : sequence
    """

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, column: str | int) -> Any:
        return self._values[self._places[column] if isinstance(column, str) else column]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def record_row(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], Record]:
    """Make the maker of a result's rows; psycopg calls it a row factory."""
    places = {column.name: place for place, column in enumerate(cursor.description or ())}
    return lambda values: Record(places, values)

"""What a key store needs of a database: transactions that are durable when they return, and little SQL.

The SQL of the store is what both engines understand, with ``?`` for parameters; rows give columns by name or
place. :mod:`~qkdctl.keystore.place` chooses the engine. Both pass the same tests, the kills at any step included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

WAIT_S = 10.0
"""How long a transaction waits for another program to finish its own."""


class Row(Protocol):
    """A row of a result."""

    def __getitem__(self, column: str | int, /) -> Any:
        """Give a column by its name or place."""


class Cursor(Protocol):
    """The result of a statement."""

    def fetchone(self) -> Any:
        """Give the next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """Give all rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Go through the rows that are left."""


class Connection(Protocol):
    """A database inside a transaction."""

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Run a statement."""

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run a statement once for each row of parameters."""


class Engine(Protocol):
    """One party's database.

    Everything here raises :class:`~qkdctl.errors.RecordingError` where the database cannot be used.
    """

    def transaction(self) -> AbstractContextManager[Connection]:
        """Do everything inside or nothing, one transaction at a time; what is done is durable when it returns."""

    def shrink(self) -> None:
        """Give back what is not used; nothing of what was deleted stays."""

    def close(self) -> None:
        """Let go of the database."""

"""Headers of SCPI commands (SCPI-99 volume 1, 6): short and long forms, optional parts, numeric suffixes."""

from __future__ import annotations

import re
from collections.abc import Callable

from drivers.emulation.models.scpi_values import ScpiError, spellings

#: Takes the parameters, and says nothing (None) or answers.
Handler = Callable[[list[str], float], str | None]

Levels = tuple[tuple[frozenset[str], bool], ...]

_PART = re.compile(r"(\[)?:?(\*?[A-Za-z0-9_]+)\]?")
#: So many spellings of headers are remembered.
_MOST_KNOWN = 4096


class Tree:
    """The headers that an instrument knows.

    A header is written as in a manual: ``:OUTPut[:STATe]``, with ``?`` at its end for a query. A part without a
    number may be sent with the number 1.
    """

    def __init__(self) -> None:
        self._leaves: list[tuple[Levels, bool, Handler]] = []
        self._known: dict[tuple[str, bool], Handler] = {}

    def add(self, header: str, handler: Handler) -> None:
        """Add a header."""
        query = header.endswith("?")
        levels = tuple(
            (_with_one(name), bool(optional)) for optional, name in _PART.findall(header.rstrip("?"))
        )
        self._leaves.append((levels, query, handler))

    def find(self, parts: list[str], query: bool) -> Handler:
        """Find what a header means; the parts are in capitals.

        Raises
        ------
        ScpiError
            If it means nothing.
        """
        key = ":".join(parts), query
        if key not in self._known:
            handler = next((h for levels, q, h in self._leaves if q == query and _fits(levels, parts)), None)
            if handler is None:
                raise ScpiError(-113)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = handler
        return self._known[key]


def _with_one(name: str) -> frozenset[str]:
    forms = spellings(name)
    return forms if name[-1].isdigit() or name.startswith("*") else forms | {f"{form}1" for form in forms}


def _fits(levels: Levels, parts: list[str]) -> bool:
    if not levels:
        return not parts
    (names, optional), rest = levels[0], levels[1:]
    if parts and parts[0] in names and _fits(rest, parts[1:]):
        return True
    return optional and _fits(rest, parts)

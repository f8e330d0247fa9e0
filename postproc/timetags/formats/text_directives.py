"""Comment lines of the project's own text form that say something: ``# gap: 5000 7999 overflow 12``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar, get_args

import msgspec

from postproc.errors import InputError
from postproc.timetags.scaling import TIME_LIMIT_PS
from postproc.timetags.types import Gap, GapReason

#: How the first line of the own form begins, and how it looks as a whole.
OWN_NAME = re.compile(rb"#[ \t]*qkdctl\b")
OWN_FIRST_LINE = re.compile(rb"#[ \t]*qkdctl tags[ \t]*:[ \t]*time_ps[ \t,;]+channel\s*?$", re.MULTILINE)

_DIRECTIVE = re.compile(
    rb"^#[ \t]*(start_ps|stop_ps|gap|resolution_ps|channels|markers|metadata)[ \t]*:(.*)$", re.MULTILINE
)

_T = TypeVar("_T")


class Directive(NamedTuple):
    """One such line: where it stands in the file (counted from 1), its keyword and the rest."""

    line: int
    keyword: str
    value: str

    def fault(self, name: str, expected: str) -> InputError:
        """Say what should have stood there."""
        return InputError(
            f"{name}, line {self.line}: '# {self.keyword}:' needs {expected}, got {shorten(self.value)}"
        )


def find_directives(text: bytes, first_line: int) -> Iterator[Directive]:
    """Go through the directives of whole lines of text, of which the first has the number `first_line`."""
    line, position = first_line, 0
    for match in _DIRECTIVE.finditer(text):
        line += text.count(b"\n", position, match.start())
        position = match.start()
        value = match[2].decode("utf-8", "replace").strip()
        yield Directive(line, match[1].decode(), value)


def read_instant(directive: Directive, name: str) -> int:
    """Read the value of ``start_ps`` or ``stop_ps``."""
    return _instant(directive, directive.value, name, "a whole number of ps")


def read_gap(directive: Directive, name: str) -> Gap:
    """Read ``first_ps last_ps reason [lost]``."""
    expected = f"'first_ps last_ps reason [lost]' with a reason out of {', '.join(get_args(GapReason))}"
    words = directive.value.split()
    if len(words) not in (3, 4) or words[2] not in get_args(GapReason):
        raise directive.fault(name, expected)
    first, last, *lost = (_instant(directive, word, name, expected) for word in words[:2] + words[3:])
    return Gap(first, last, words[2], *lost)  # type: ignore[arg-type]


def read_json(directive: Directive, name: str, expected: type[_T]) -> _T:
    """Read a value that is a JSON object."""
    try:
        return msgspec.json.decode(directive.value, type=expected)
    except (msgspec.MsgspecError, RecursionError):
        raise directive.fault(name, "a JSON object on one line") from None


def read_resolution(directive: Directive, name: str) -> float:
    """Read the value of ``resolution_ps``."""
    try:
        resolution = float(directive.value)
    except ValueError:
        resolution = 0.0
    if not 0 < resolution < TIME_LIMIT_PS:
        raise directive.fault(name, "a positive number of ps")
    return resolution


def shorten(text: Any, most: int = 40) -> str:
    """Show what stood in a file, made harmless and short."""
    shown = ascii(text.decode("latin-1") if isinstance(text, bytes) else text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _instant(directive: Directive, word: str, name: str, expected: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,19}", word) or abs(int(word)) >= TIME_LIMIT_PS:
        raise directive.fault(name, expected)
    return int(word)

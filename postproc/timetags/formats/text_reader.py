r"""Time tags as text, plain or gzipped: this project's own form, and the headerless form of older recorders.

Own form::

    # qkdctl tags: time_ps channel
    # start_ps: 0
    # channels: {"0": "key0"}
    # gap: 5000 7999 overflow 12
    1204 0
    4711 3
    # stop_ps: 1000000

The first line is all that must be there. Blanks, tabs, commas or semicolons separate numbers. Other lines
that begin with ``#`` are comments. A gap stands before the first tag that is later than it.

Headerless form: ``channel tick`` on each line, the tick counted in a unit that the file does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postproc.errors import InputError
from postproc.timetags.cutting import TagBlock
from postproc.timetags.formats.plain_or_gzip import open_bytes
from postproc.timetags.formats.sources import MAX_GAPS
from postproc.timetags.formats.text_directives import (
    OWN_FIRST_LINE,
    OWN_NAME,
    find_directives,
    read_gap,
    read_instant,
    read_json,
    read_resolution,
    shorten,
)
from postproc.timetags.formats.text_numbers import BadLineError, line_of_pair, parse_pairs
from postproc.timetags.header import TagHeader
from postproc.timetags.scaling import TIME_LIMIT_PS, Ratio, as_ratio, rescale

#: Tick of the recorders that write the headerless form, as far as we have met them: 12.8 GHz.
DEFAULT_TICK_PS = Fraction(625, 8)

_PIECE_BYTES = 2**20
_LONGEST_LINE = 2**20
_COMMENT = re.compile(rb"^[ \t]*#.*$", re.MULTILINE)
_UTF8_MARK = b"\xef\xbb\xbf"


class _Piece(NamedTuple):
    """Whole lines of the file; `first_line` is the number of the first one, counted from 1."""

    first_line: int
    text: bytes


class TextSource:
    """Time tags in a text file.

    Parameters
    ----------
    path : Path
        The file.
    own : bool
        Whether it is in the project's own form.
    tick_ps : number or str, optional
        The unit of the headerless form; the own form states its unit.

    Raises
    ------
    InputError
        Here or during a pass, naming the line.
    """

    def __init__(self, path: Path, *, own: bool, tick_ps: Ratio | None = None) -> None:
        self.path = path
        self.format = "qkdctl text" if own else "channel-tick text"
        self.sorts = False
        self._own = own
        self._tick_ps = _tick(path, own, tick_ps)
        self.assumed_tick_ps = None if own or tick_ps is not None else float(DEFAULT_TICK_PS)
        self.header = self._read_header() if own else TagHeader(resolution_ps=float(self._tick_ps))

    def blocks(self) -> Iterator[TagBlock]:
        """Read a megabyte of text at a time."""
        gaps = 0
        for piece in _pieces(self.path):
            span_and_gaps = self._span_and_gaps(piece) if self._own else {}
            gaps += len(span_and_gaps.get("gaps", ()))
            if gaps > MAX_GAPS:
                raise InputError(f"{self.path} has more than {MAX_GAPS} gaps: it is no recording")
            time_ps, channel = self._tags(piece)
            yield TagBlock(time_ps, channel, **span_and_gaps)

    def close(self) -> None:
        """Do nothing: each pass opens and closes the file by itself."""

    def _read_header(self) -> TagHeader:
        fields: dict[str, Any] = {}
        for directive in find_directives(next(_pieces(self.path)).text, 1):
            match directive.keyword:
                case "resolution_ps":
                    fields["resolution_ps"] = read_resolution(directive, str(self.path))
                case "channels":
                    fields["channels"] = read_json(directive, str(self.path), dict[int, str])
                case "markers":
                    fields["markers"] = read_json(directive, str(self.path), tuple[int, ...])
                case "metadata":
                    fields["metadata"] = read_json(directive, str(self.path), dict[str, Any])
        return TagHeader(**fields)

    def _span_and_gaps(self, piece: _Piece) -> dict[str, Any]:
        found: dict[str, Any] = {}
        gaps = []
        for directive in find_directives(piece.text, piece.first_line):
            if directive.keyword == "gap":
                gaps.append(read_gap(directive, str(self.path)))
            elif directive.keyword in ("start_ps", "stop_ps"):
                found[directive.keyword] = read_instant(directive, str(self.path))
        return found | {"gaps": tuple(gaps)}

    def _tags(self, piece: _Piece) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        text = _COMMENT.sub(b"", piece.text)
        try:
            pairs = parse_pairs(text)
        except BadLineError as bad:
            shape = "'time_ps channel'" if self._own else "'channel tick'"
            raise InputError(
                f"{self.path}, line {piece.first_line + bad.index}: expected {shape}, but "
                f"{bad.reason}: {shorten(bad.line)}"
            ) from None
        time, channel = (pairs[:, 0], pairs[:, 1]) if self._own else (pairs[:, 1], pairs[:, 0])
        latest = int(TIME_LIMIT_PS / self._tick_ps) - 2
        self._check(time, -latest, latest, "a time within ±53 days", text, piece)
        self._check(channel, 0, 255, "a channel from 0 to 255", text, piece)
        return rescale(np.ascontiguousarray(time), self._tick_ps), channel.astype(np.uint8)

    def _check(
        self, value: NDArray[np.int64], lowest: int, highest: int, expected: str, text: bytes, piece: _Piece
    ) -> None:
        wrong = (value < lowest) | (value > highest)
        if wrong.any():
            pair = int(wrong.argmax())
            line = piece.first_line + line_of_pair(text, pair)
            raise InputError(f"{self.path}, line {line}: expected {expected}, got {value[pair]}")


def recognise_text(head: bytes, name: str) -> bool | None:
    """Tell from the first bytes whether this is the own form (True), other text (False) or no text (None).

    Raises
    ------
    InputError
        If it begins like the own form but goes on differently, for example with another unit.
    """
    head = head.removeprefix(_UTF8_MARK)
    if OWN_FIRST_LINE.match(head):
        return True
    if OWN_NAME.match(head):
        raise InputError(
            f"{name}, line 1: expected '# qkdctl tags: time_ps channel', got {shorten(head[:60])}"
        )
    printable = all(byte >= 32 or byte in b"\t\r\n" for byte in head)
    return False if head.strip() and printable and head.isascii() else None


def _tick(path: Path, own: bool, tick_ps: Ratio | None) -> Fraction:
    if own and tick_ps is not None:
        raise InputError(f"{path} states its own unit of time, ps; leave the tick out")
    if own:
        return Fraction(1)
    tick = DEFAULT_TICK_PS if tick_ps is None else as_ratio(tick_ps, "the tick in ps")
    if not 0 < tick < 10**15:
        raise InputError(f"the tick must lie between 0 and 10**15 ps, got {tick_ps}")
    return tick


def _pieces(path: Path) -> Iterator[_Piece]:
    """Cut the text into whole lines, about a megabyte at a time."""
    line, rest = 1, b""
    with open_bytes(path) as content:
        while data := content.read(_PIECE_BYTES):
            data = rest + (data.removeprefix(_UTF8_MARK) if line == 1 and not rest else data)
            whole, newline, rest = data.rpartition(b"\n")
            if newline:
                yield _Piece(line, whole + newline)
                line += whole.count(b"\n") + 1
            if len(rest) > _LONGEST_LINE:
                raise InputError(f"{path}, line {line}: the line is longer than a megabyte")
    if rest:
        yield _Piece(line, rest + b"\n")

"""Plots as SVG, drawn here: a report must open anywhere, years later, without a network or a script.

Colours are classes, so that the page's style decides about light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from qkdctl.axis import Axis

Values = Sequence[float | None]

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 76, 12, 14, 40
WIDEST = 60.0
"""Of a bar, in pixels."""

TICKS = 5
"""About so many along an axis."""

STEADY = 1e-4
"""What changes by less than this share of itself is drawn as nearly flat."""

COLOURS = 6
"""How many classes ``c0`` to ``c5`` the page's style knows."""


def line_chart(
    x: Sequence[float],
    lines: Mapping[str, Values],
    x_label: str,
    y_label: str,
    mark: float | None = None,
    *,
    from_zero: bool = True,
) -> str:
    """Draw lines over a common x, and a mark at one; where a value is None, a line is broken.

    Returns
    -------
    str
        An SVG element; a sentence where there is nothing to draw.
    """
    there = [y for line in lines.values() for y in line if y is not None]
    if not x or not there:
        return '<p class="none">Nothing was recorded.</p>'
    across = _across(min(x), max(x))
    up = _up(0.0, max(there)) if from_zero else _close(min(there), max(there))
    parts = [_frame(across, up, x_label, y_label)]
    for i, line in enumerate(lines.values()):
        parts += [_stretch(points, i) for points in _pieces(x, line, across, up)]
    if mark is not None:
        parts.append(f'<path class="limit" d="M{across(mark):.1f} {up.start}V{up.stop}"/>')
    return _svg(parts, list(lines), y_label)


def bar_chart(
    x: Sequence[float], bars: Values, x_label: str, y_label: str, limit: float | None = None
) -> str:
    """Draw a bar for each x, and a line at a limit."""
    there = [y for y in bars if y is not None]
    if not x or not there:
        return '<p class="none">No block came so far.</p>'
    across = _across(min(x) - 0.5, max(x) + 0.5)
    up = _up(0.0, max([*there, limit or 0.0]))
    width = min(max((across.stop - across.start) / len(x) * 0.7, 1.0), WIDEST)
    parts = [_frame(across, up, x_label, y_label)]
    for value, y in zip(x, bars, strict=True):
        if y is not None:
            top, left = up(y), across(value) - width / 2
            parts.append(
                f'<rect class="c0" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{up.start - top:.1f}"><title>{value:g}: {y:.6g}</title></rect>'
            )
    if limit is not None:
        parts.append(
            f'<path class="limit" d="M{across.start:.1f} {up(limit):.1f}H{across.stop:.1f}"/>'
            f'<text class="limit" x="{across.stop:.1f}" y="{up(limit) - 4:.1f}" text-anchor="end">'
            f"agreed limit {limit:g}</text>"
        )
    return _svg(parts, [], y_label)


def _across(low: float, high: float) -> Axis:
    return Axis(low, high if high > low else low + 1.0, LEFT, WIDTH - RIGHT)


def _up(low: float, high: float) -> Axis:
    return Axis(low, 1.08 * high if high > low else low + 1.0, HEIGHT - BOTTOM, TOP)


def _close(low: float, high: float) -> Axis:
    """Close around what there is to see; not so close that the last digits of a steady value look like much."""
    more = max(0.05 * (high - low), STEADY * max(abs(low), abs(high)), 1e-12)
    return Axis(low - more, high + more, HEIGHT - BOTTOM, TOP)


def _frame(across: Axis, up: Axis, x_label: str, y_label: str) -> str:
    parts = [
        f'<path class="grid" d="M{across.start} {up(y):.1f}H{across.stop}"/>'
        f'<text x="{across.start - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{_number(y)}</text>'
        for y in up.ticks(TICKS)
    ]
    parts += [
        f'<text x="{across(x):.1f}" y="{up.start + 16}" text-anchor="middle">{_number(x)}</text>'
        for x in across.ticks(TICKS)
    ]
    middle = (up.start + up.stop) / 2
    parts.append(
        f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
    )
    parts.append(
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(y_label)}</text>'
    )
    return "".join(parts)


def _pieces(x: Sequence[float], line: Values, across: Axis, up: Axis) -> list[list[tuple[float, float]]]:
    """Cut a line where a value is missing."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for value, y in zip(x, line, strict=True):
        if y is None:
            pieces.append([])
        else:
            pieces[-1].append((across(value), up(y)))
    return [piece for piece in pieces if piece]


def _stretch(points: list[tuple[float, float]], colour: int) -> str:
    name = f"c{colour % COLOURS}"
    if len(points) == 1:
        return f'<circle class="dot {name}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="line {name}" points="{path}"/>'


def _svg(parts: list[str], names: list[str], label: str) -> str:
    legend = "".join(
        f'<span><i class="c{i % COLOURS}"></i>{escape(name)}</span>' for i, name in enumerate(names)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
        + (f'<p class="legend">{legend}</p>' if legend else "")
    )


def _number(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:.6g}"

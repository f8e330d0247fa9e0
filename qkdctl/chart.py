"""A line chart as SVG, for figures that a command draws: no library, no script, readable in any browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from qkdctl.axis import Axis, nice

WIDTH, HEIGHT = 640, 400
"""Without the legend, which stands between title and plot, in as many rows as it takes."""

LEFT, RIGHT, TOP, BOTTOM = 80, 20, 40, 60
ROW, SAMPLE, LETTER = 16, 26, 6.0
"""Of the legend, in pixels: height of a row, length of a line's sample, width of a letter."""

COLOURS = ("#1f5fa8", "#c1440e", "#2f7d32", "#7b3fa0", "#8a6d00", "#00707a")
TICKS = 6
DASHES = ("", "6 4", "2 3", "8 3 2 3")


@dataclass(frozen=True)
class Series:
    """A line.

    Attributes
    ----------
    name : str
    x, y : sequence of float
        Points; on a logarithmic axis those not above 0 are left out.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


def line_chart(
    title: str, x_label: str, y_label: str, lines: Sequence[Series], *, log_y: bool = False
) -> str:
    """Draw lines over a common axis; give the SVG text."""
    points = [_points(line, log_y) for line in lines]
    xs = [x for line in lines for x in line.x] or [0.0, 1.0]
    ys = [y for line in points for _, y in line] or [0.0, 1.0]
    legend, rows = _legend([line.name for line in lines])
    height = HEIGHT + ROW * rows
    x_axis = _axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    bottom, top = (floor(min(ys)), -floor(-max(ys))) if log_y else _round(min(0.0, *ys), max(ys))
    y_axis = _axis(bottom, top, height - BOTTOM, TOP + ROW * rows)
    middle = (y_axis.start + y_axis.stop) / 2
    parts = [_text(WIDTH / 2, 22, title, 15), _text((LEFT + WIDTH - RIGHT) / 2, height - 14, x_label, 12)]
    parts.append(_text(18, middle, y_label, 12, f' transform="rotate(-90 18 {middle:.0f})"'))
    parts += [*_grid(x_axis, y_axis, log_y), *legend]
    for number, at in enumerate(points):
        path = " ".join(f"{x_axis(x):.1f},{y_axis(y):.1f}" for x, y in at)
        parts.append(f'<polyline points="{path}" fill="none" {_style(number)}/>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n{body}\n</svg>\n'
    )


def stacked(charts: Sequence[str]) -> str:
    """Put charts one under the other; give the SVG text."""
    body, y = "", 0
    for chart in charts:
        height = _height(chart)
        body += chart.replace("<svg ", f'<svg y="{y}" width="{WIDTH}" height="{height}" ', 1)
        y += height
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}">\n{body}</svg>\n'


def _height(chart: str) -> int:
    found = re.search(r'viewBox="0 0 \d+ (\d+)"', chart)
    assert found is not None
    return int(found[1])


def _round(low: float, high: float) -> tuple[float, float]:
    """Stretch a range to the ticks around it, so that no line runs along the edge."""
    if high <= low:
        return low, low + 1
    step = nice((high - low) / TICKS)
    return floor(low / step + 1e-9) * step, -floor(-high / step + 1e-9) * step


def _axis(low: float, high: float, start: float, stop: float) -> Axis:
    return Axis(low, high if high > low else low + 1, start, stop)


def _points(line: Series, log_y: bool) -> list[tuple[float, float]]:
    pairs = zip(line.x, line.y, strict=True)
    return [(x, log10(y)) for x, y in pairs if y > 0] if log_y else list(pairs)


def _grid(x_axis: Axis, y_axis: Axis, log_y: bool) -> list[str]:
    parts = []
    for value in x_axis.ticks(TICKS):
        x = x_axis(value)
        parts.append(_rule(x, y_axis.stop, x, y_axis.start))
        parts.append(_text(x, y_axis.start + 18, f"{value:,g}", 11))
    for value in y_axis.ticks(TICKS):
        y = y_axis(value)
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y))
        label = f"1e{value:g}" if log_y else f"{value:,g}"
        parts.append(_text(LEFT - 8, y + 4, label, 11, ' text-anchor="end"'))
    return parts


def _legend(names: Sequence[str]) -> tuple[list[str], int]:
    """Write the names beside samples of their lines, row after row; say how many rows that took."""
    parts: list[str] = []
    x, row = float(LEFT), 0
    for number, name in enumerate(names):
        width = SAMPLE + 6 + LETTER * len(name) + 14
        if x > LEFT and x + width > WIDTH:
            x, row = float(LEFT), row + 1
        y = TOP + ROW * row
        parts.append(f'<line x1="{x:.0f}" y1="{y}" x2="{x + SAMPLE:.0f}" y2="{y}" {_style(number)}/>')
        parts.append(_text(x + SAMPLE + 6, y + 4, name, 11, ' text-anchor="start"'))
        x += width
    return parts, row + 1 if names else 0


def _style(number: int) -> str:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    return f'stroke="{colour}" stroke-dasharray="{dash}" stroke-width="2"'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, size: int, more: str = ' text-anchor="middle"') -> str:
    anchor = more if "text-anchor" in more else f' text-anchor="middle"{more}'
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{anchor}>{escape(text)}</text>'

"""A line chart as SVG, for figures that a command draws: no library, no script, readable in any browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from qkdctl.axis import Axis

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 40, 60
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
    x_axis = _axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    bottom, top = (floor(min(ys)), -floor(-max(ys))) if log_y else (min(0.0, *ys), max(ys))
    y_axis = _axis(bottom, top, HEIGHT - BOTTOM, TOP)
    parts = [_text(WIDTH / 2, 22, title, 15), _text((LEFT + WIDTH) / 2, HEIGHT - 14, x_label, 12)]
    parts.append(_text(18, HEIGHT / 2, y_label, 12, f' transform="rotate(-90 18 {HEIGHT / 2:.0f})"'))
    parts += _grid(x_axis, y_axis, log_y)
    for number, (line, at) in enumerate(zip(lines, points, strict=True)):
        parts += _line(number, line.name, [(x_axis(x), y_axis(y)) for x, y in at])
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def stacked(charts: Sequence[str]) -> str:
    """Put charts one under the other; give the SVG text."""
    body = "".join(
        chart.replace("<svg ", f'<svg y="{number * HEIGHT}" width="{WIDTH}" height="{HEIGHT}" ', 1)
        for number, chart in enumerate(charts)
    )
    box = f"0 0 {WIDTH} {len(charts) * HEIGHT}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">\n{body}</svg>\n'


def _axis(low: float, high: float, start: float, stop: float) -> Axis:
    return Axis(low, high if high > low else low + 1, start, stop)


def _points(line: Series, log_y: bool) -> list[tuple[float, float]]:
    pairs = zip(line.x, line.y, strict=True)
    return [(x, log10(y)) for x, y in pairs if y > 0] if log_y else list(pairs)


def _grid(x_axis: Axis, y_axis: Axis, log_y: bool) -> list[str]:
    parts = []
    for value in x_axis.ticks(TICKS):
        x = x_axis(value)
        parts.append(_rule(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(_text(x, HEIGHT - BOTTOM + 18, f"{value:g}", 11))
    for value in y_axis.ticks(TICKS):
        y = y_axis(value)
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y))
        label = f"1e{value:g}" if log_y else f"{value:g}"
        parts.append(_text(LEFT - 8, y + 4, label, 11, ' text-anchor="end"'))
    return parts


def _line(number: int, name: str, points: list[tuple[float, float]]) -> list[str]:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    y = TOP + 14 + 16 * number
    style = f'stroke="{colour}" stroke-dasharray="{dash}" stroke-width="2"'
    return [
        f'<polyline points="{path}" fill="none" {style}/>',
        f'<line x1="{WIDTH - 190}" y1="{y}" x2="{WIDTH - 160}" y2="{y}" {style}/>',
        _text(WIDTH - 154, y + 4, name, 11, ' text-anchor="start"'),
    ]


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, size: int, more: str = ' text-anchor="middle"') -> str:
    anchor = more if "text-anchor" in more else f' text-anchor="middle"{more}'
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{anchor}>{escape(text)}</text>'

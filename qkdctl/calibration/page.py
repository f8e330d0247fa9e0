"""A calibration as one HTML file: every step's verdict, what it changed, its plots."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qkdctl.calibration.record import Change, Result, Value
from qkdctl.report.chart import line_chart
from qkdctl.report.html import document, list_of, section


def calibration_page(scenario: str, results: Sequence[Result]) -> str:
    """Give the page."""
    good = all(result.good for result in results)
    said = "Calibrated." if good else "Not everything could be calibrated."
    bad = [f"{result.step}: {result.verdict}. {result.advice}" for result in results if not result.good]
    sentences = "".join(f"<p>{escape(each)}</p>" for each in (said, *bad))
    changes = [change for result in results for change in result.changes]
    when = results[-1].when if results else ""
    body = [
        f"<header><h1>Calibration of {escape(scenario)}</h1><p>{escape(when)}</p></header>",
        f'<div class="verdict {"good" if good else "bad"}">{sentences}</div>',
        section("What was changed", list_of(HEAD, [row(change) for change in changes], "Nothing.")),
        *(section(result.step, _step(result)) for result in results),
    ]
    return document(f"Calibration of {scenario}", "".join(body))


HEAD = ("where", "setting", "before", "after")


def row(change: Change) -> tuple[str, str, str, str]:
    """Give a change as a row of a table."""
    return change.place, change.name, shown(change.before), shown(change.after)


def shown(value: Value) -> str:
    """Write a value as people read it."""
    return ", ".join(f"{each:.6g}" for each in value) if isinstance(value, list) else f"{value:.6g}"


def _step(result: Result) -> str:
    kind = "key" if result.good else "error"
    text = f'<p class="{kind}">{escape(result.verdict)}</p>'
    if result.advice:
        text += f"<p>{escape(result.advice)}</p>"
    for picture in result.pictures:
        text += f"<p>{escape(picture.title)}</p>"
        text += line_chart(picture.x, picture.lines, picture.x_label, picture.y_label, picture.mark)
    rows = [(name.replace("_", " "), f"{value:.6g}") for name, value in result.figures.items()]
    text += list_of(("figure", "value"), rows, "")
    who = [(place, identity) for place, identity in result.instruments.items()]
    return text + list_of(("measured with", "identity"), who, "")

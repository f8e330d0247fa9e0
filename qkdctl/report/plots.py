"""The plots of a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qkdctl.report.chart import bar_chart, line_chart
from qkdctl.report.record import Record


def plots(record: Record) -> Iterator[tuple[str, str]]:
    """Give titles and pictures."""
    for role, rates in record["history"]["rates"].items():
        lines = {
            name.removesuffix("_hz").replace("_", " "): column
            for name, column in sorted(rates.items())
            if name.endswith("_hz")
        }
        if lines:
            title = f"{role.capitalize()}'s count rates"
            yield title, line_chart(rates["t_s"], lines, "seconds", "counts per second")
    yield from _clock(record["history"].get("clock", {}))
    blocks = record["summary"]["blocks"]
    if not blocks:
        return
    limits = record["parameters"]["security"]["thresholds"] or {}
    numbers = list(range(1, len(blocks) + 1))  # of all sessions: each counts its blocks from 1
    yield (
        "Error rate of the test basis",
        bar_chart(numbers, list(map(_qber, blocks)), "block", "error rate", limits.get("qber_max")),
    )
    bounds = [block["figures"].get("phase_error") for block in blocks]
    if any(bound is not None for bound in bounds):
        limit = limits.get("phase_error_max")
        yield "Bound on the phase error", bar_chart(numbers, bounds, "block", "phase error rate", limit)
    yield "Secret bits", bar_chart(numbers, [b["secret_bits"] for b in blocks], "block", "secret bits")


def _clock(told: dict[str, list[float]]) -> Iterator[tuple[str, str]]:
    """Draw Bob's clock as it was followed; reports of older versions have nothing of it."""
    if not told.get("t_s"):
        return
    for name, label, scale in (("drift_ppb", "drift (ppb)", 1.0), ("offset_ps", "offset (ms)", 1e-9)):
        what = label.partition(" ")[0]
        lines = {what: [scale * value for value in told[name]]}
        title = f"{what.capitalize()} of Bob's clock"
        yield title, line_chart(told["t_s"], lines, "seconds", label, from_zero=False)


def _qber(block: dict[str, Any]) -> float | None:
    errors = block["figures"].get("test_errors")
    return None if errors is None or not block["test_bits"] else float(errors) / block["test_bits"]

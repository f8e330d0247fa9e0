"""What a node tells, as a line for people."""

from __future__ import annotations

from postproc.types import Figure
from qkdctl.node.telemetry import Event

STATES = {
    "starting": "starting",
    "preparing": "preparing the instruments",
    "agreed": "agreed with the other node",
    "recording": "recording, locking the clocks",
    "locked": "recording, clocks locked",
    "recorded": "recorded, instruments safe",
    "paused": "the session broke; beginning anew",
    "ended": "ended",
    "failed": "failed",
}


def narrate(event: Event) -> str | None:
    """Say in one line what a person would want to know afterwards; None for what is only for the moment."""
    figures = event.figures
    match event.kind:
        case "state":
            return STATES.get(event.subject, event.subject)
        case "instrument":
            return f"{event.subject} is {figures['identity']}"
        case "clock" if event.subject != "followed":
            return "clocks locked" + (f", {clock(figures)}" if "offset_ps" in figures else "")
        case "block" if figures["outcome"] == "key":
            return f"block {event.subject}: {figures['secret_bits']:,} secret bits"
        case "block":
            return f"block {event.subject} {figures['outcome']}: {figures['reason']}"
        case "alarm":
            advice = "" if figures["severity"] == "info" else f". {figures['what_to_do']}"
            return f"{figures['severity']}: {figures['name']}: {event.subject}{advice}"
        case "relief":
            return f"over: {figures['name']}: {event.subject}"
    return None


def clock(figures: dict[str, Figure]) -> str:
    """Say how Bob's clock runs."""
    offset_ms, drift_ppb = float(figures["offset_ps"]) / 1e9, float(figures["drift_ppb"])
    return f"clock offset {offset_ms:,.6f} ms, drift {drift_ppb:,.1f} ppb"

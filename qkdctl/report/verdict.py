"""What a session came to, in the sentences that a person reads first."""

from __future__ import annotations

from typing import Literal

from qkdctl.report.record import Record

Kind = Literal["good", "weak", "bad"]

LABELS = {
    "emulated": "The light was emulated: these keys protect nothing.",
    "demonstration": "Assumptions of the proof were waived, or the randomness can be repeated: these keys are a "
    "demonstration and protect nothing.",
    "recorded": "The tags of this session were recorded: whoever has the recordings has the keys.",
    "secret": "The keys are secret under the named proof and its assumptions.",
}


def verdict(record: Record) -> tuple[Kind, list[str]]:
    """Judge a session.

    Returns
    -------
    {"good", "weak", "bad"}
        Keys that protect; keys that do not; none, or unequal ones, or a node that failed.
    list of str
    """
    summary = record["summary"]
    sentences = [
        f"{role.capitalize()}'s node failed: {reason}" for role, reason in record["failures"].items()
    ]
    if summary["keys_equal"] is False:
        sentences.append("The two key stores hold different keys. Use none of them.")
    if not summary["secret_bits"]:
        sentences.append("No block ended in key.")
        reasons = sorted({block["reason"] for block in summary["blocks"] if block["reason"]})
        return "bad", sentences + reasons
    bits = summary["secret_bits"]
    rate = f", {bits / summary['duration_s']:,.0f} bits a second" if summary["duration_s"] else ""
    sentences.append(f"{bits:,} secret bits{rate}, {summary['net_secret_bits']:,} after authentication.")
    sentences.append(LABELS[record["label"]])
    if record["failures"] or summary["keys_equal"] is False:
        return "bad", sentences
    return ("good" if record["label"] == "secret" else "weak"), sentences

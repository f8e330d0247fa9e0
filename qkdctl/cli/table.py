"""A run's summary for people."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

from rich import box
from rich.table import Table

from qkdctl.cli.output import out
from qkdctl.cli.plain import plain

STYLES = {"info": "dim", "warning": "yellow", "error": "red"}

COLUMNS = ("block", "outcome", "sifted", "leak", "f", "secret", "auth", "ε")


def print_summary(summary: dict[str, Any], directory: Path) -> None:
    """Print what a run came to."""
    out.print(_overview(summary))
    if summary["blocks"]:
        out.print(_blocks(summary["blocks"]))
    for block in summary["blocks"]:
        if block["reason"]:
            out.print(plain(f"block {block['id']} {block['outcome']}: {block['reason']}"), style="yellow")
    for alarm in summary["alarms"]:
        _print_alarm(alarm)
    if summary["secret_bits"]:
        place = quote(plain(str(directory)))
        out.print(f"Keys are in {place}; see: qkdctl keys list --store {place}")


def _print_alarm(alarm: dict[str, Any]) -> None:
    style = STYLES[alarm["severity"]]
    figures = ", ".join(f"{name} {value}" for name, value in alarm["figures"].items())
    text = f"{alarm['severity']}: {alarm['name']}: {alarm['subject']} ({figures})"
    out.print(plain(text), style=style)
    if alarm["severity"] != "info":
        out.print(plain(f"  {alarm['what_to_do']}"), style=style)


def _overview(summary: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    clock = summary["clock"]
    table.add_row("protocol", f"{summary['protocol']}, proof {summary['proof']}")
    if summary["waived"]:
        table.add_row("demonstration", f"waived: {', '.join(summary['waived'])}", style="yellow")
    counts = ", ".join(f"{role.capitalize()} {count:,}" for role, count in summary["tags"].items())
    table.add_row("recorded", f"{summary['duration_s']:.3f} s; {counts}")
    if clock["offset_ps"] is not None:
        table.add_row(
            "clock", f"offset {clock['offset_ps'] / 1e9:,.9f} ms, drift {clock['drift_ppb']:.2f} ppb"
        )
    rates = ", ".join(f"{basis} {rate:.2%}" for basis, rate in summary["qber"].items() if rate is not None)
    table.add_row("sifted", f"{summary['sifted_bits']:,} bits" + (f"; QBER {rates}" if rates else ""))
    if summary["quarantined_keys"]:
        text = f"{summary['quarantined_keys']} keys that do not look random; nobody gets them"
        table.add_row("quarantined", text, style="bold red")
    table.add_row("secret key", _secret(summary), style="bold green" if summary["keys_equal"] else "bold red")
    return table


def _secret(summary: dict[str, Any]) -> str:
    equal = {True: ", equal at both ends", False: ", NOT EQUAL", None: ""}[summary["keys_equal"]]
    return f"{summary['secret_bits']:,} bits, {summary['net_secret_bits']:,} after authentication{equal}"


def _blocks(blocks: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "outcome" else "right", no_wrap=True)
    for block in blocks:
        table.add_row(
            str(block["id"]),
            block["outcome"],
            f"{block['sifted_bits']:,}",
            f"{block['leak_bits']:,}",
            "" if block["f_ec"] is None else f"{block['f_ec']:.3f}",
            f"{block['secret_bits']:,}",
            str(block["auth_bits"]),
            f"{block['epsilon']['total']:.1e}",
        )
    return table

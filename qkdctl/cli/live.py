"""The live view of a session in the terminal: a screen where there is one, plain lines where there is none."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from postproc.files import write_whole
from postproc.types import Figure, Role
from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.errors import RecordingError
from qkdctl.live import Live, NodeView
from qkdctl.narration import STATES, clock, narrate
from qkdctl.witness import Watch

REFRESH_HZ = 4
LAST_BLOCKS = 8
FETCHED_FONT = re.compile(r"\s*@font-face \{[^}]*\}")
PICTURE_COLUMNS = 92


class View(NamedTuple):
    """A session before somebody's eyes.

    Attributes
    ----------
    watch : callable
        Has to be called again and again.
    render : callable
        Gives the last view, also when the session is over.
    """

    watch: Watch
    render: Callable[[], RenderableType]


@contextmanager
def live_view(title: str, test_basis: str) -> Iterator[View]:
    """Show a session while it runs."""
    live = Live()
    start_s, end_s = monotonic(), None

    def render() -> RenderableType:
        return _picture(live.nodes, title, test_basis, (end_s or monotonic()) - start_s)

    try:
        if err.file.isatty():
            with _screen(live, render) as watch:
                yield View(watch, render)
        else:
            yield View(_lines(live), render)
    finally:
        end_s = monotonic()
        live.close()


def save_picture(view: RenderableType, title: str, path: Path) -> None:
    """Save what a terminal would show as an SVG file.

    Raises
    ------
    RecordingError
        If it cannot be written.
    """
    console = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(view)
    svg = console.export_svg(title=f"qkdctl {title}")
    try:
        # Rich has it fetch a font from elsewhere; a picture fetches nothing.
        write_whole(path, FETCHED_FONT.sub("", svg))
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None


@contextmanager
def _screen(live: Live, render: Callable[[], RenderableType]) -> Iterator[Watch]:
    with Screen(get_renderable=render, console=err, refresh_per_second=REFRESH_HZ):

        def watch(directories: dict[Role, Path]) -> None:
            for _ in live.hear(directories):
                pass

        yield watch


def _lines(live: Live) -> Watch:
    """One line for each thing that a person would want to know afterwards."""

    def watch(directories: dict[Role, Path]) -> None:
        for role, event in live.hear(directories):
            if line := narrate(event):
                err.print(plain(f"{role}: {line}"))

    return watch


def _picture(nodes: dict[Role, NodeView], title: str, test_basis: str, elapsed_s: float) -> RenderableType:
    parts: list[RenderableType] = [_nodes(nodes), _blocks(nodes["bob"], test_basis)]
    parts += [_alarm(key, figures) for node in nodes.values() for key, figures in node.alarms.items()]
    return Panel(Group(*parts), title=f"{title}  {elapsed_s:.0f} s", title_align="left", box=box.ROUNDED)


def _nodes(nodes: dict[Role, NodeView]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    for role, node in nodes.items():
        table.add_row(role.capitalize(), STATES.get(node.state, node.state))
        if node.rates:
            table.add_row("", _rates(node))
        if "offset_ps" in node.clock:
            table.add_row("", clock(node.clock))
    table.add_row("Key", Text(f"{nodes['bob'].secret_bits:,} secret bits", style="bold green"))
    return table


def _rates(node: NodeView) -> str:
    channels = [
        f"{name.removeprefix('channel_').removesuffix('_hz')}: {_hz(float(rate))}"
        for name, rate in node.rates.items()
        if name.endswith("_hz")
    ]
    recorded = f"{float(node.rates.get('recorded_s', 0)):.1f} s"
    if not channels:
        return f"{recorded}, {int(node.rates.get('count', 0)):,} slots sent"
    return f"{recorded}, {_hz(node.count_rate_hz)} in all ({', '.join(channels)})"


def _hz(rate: float) -> str:
    for limit, unit in ((1e6, "MHz"), (1e3, "kHz")):
        if rate >= limit:
            return f"{rate / limit:.1f} {unit}"
    return f"{rate:.0f} Hz"


def _blocks(node: NodeView, test_basis: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("block", "sifted", f"QBER {test_basis}", "outcome", "secret"):
        table.add_column(name, justify="left" if name == "outcome" else "right", no_wrap=name != "outcome")
    for number in sorted({*node.sifted, *node.tested, *node.blocks} - {"0"}, key=int)[-LAST_BLOCKS:]:
        sifted = node.sifted.get(number, {})
        ended = node.blocks.get(number, {})
        bits = int(sifted.get("key_bits", 0)) + int(sifted.get("test_bits", 0))
        qber = node.test_qber(number)
        table.add_row(
            number,
            f"{bits:,}" if sifted else "",
            "" if qber is None else f"{qber:.2%}",
            _outcome(ended),
            f"{int(ended['secret_bits']):,}" if ended.get("outcome") == "key" else "",
        )
    return table


def _outcome(ended: dict[str, Figure]) -> Text:
    if not ended:
        return Text("in work", style="dim")
    if ended["outcome"] == "key":
        return Text("key", style="green")
    return Text(plain(f"{ended['outcome']}: {ended['reason']}"), style="yellow")


def _alarm(key: tuple[str, str], figures: dict[str, Figure]) -> Text:
    name, subject = key
    style = {"error": "bold red", "warning": "yellow"}.get(str(figures.get("severity")), "dim")
    text = f"{figures.get('severity')}: {name}: {subject}"
    if figures.get("severity") != "info":
        text += f"\n  {figures.get('what_to_do')}"
    return Text(plain(text), style=style)

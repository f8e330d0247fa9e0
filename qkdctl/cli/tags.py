"""``qkdctl tags``: look at, convert and generate recordings."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
from rich.table import Table

from postproc.timetags.convert import ClockChange
from postproc.timetags.convert import convert as convert_recording
from postproc.timetags.formats.choice import FORMS, Form
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.header import RecordingInfo
from postproc.timetags.recording import open_recording
from qkdctl.cli.output import err, json_option, out, print_json, progress
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import scenario_argument
from qkdctl.cli.tags_options import FILE, Channels, KeyFile, from_option, key_option, tick_option
from qkdctl.cli.tags_plot import plot
from qkdctl.config.emulation import generate as generate_recordings
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError, RecordingError


@click.group()
def tags() -> None:
    """Look at, convert and generate recordings."""


tags.add_command(plot)


@tags.command()
@click.argument("file", type=FILE)
@tick_option
@from_option
@key_option
@json_option
def info(file: Path, tick_ps: str | None, form: Form | None, key: RecordingKey | None, as_json: bool) -> None:
    """Say what is in a recording."""
    with open_recording(file, tick_ps=tick_ps, form=form, key=key) as recording:
        found = recording.info
    if as_json:
        print_json(msgspec.to_builtins(found, str_keys=True))
    else:
        out.print(_table(file, found))
    _mention_assumed_tick(found)


@tags.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("target", metavar="OUT", type=FILE)
@click.option("--channels", type=Channels(), help="Keep these only, such as 0-3 or 0,2,5-7.")
@click.option("--shift-ps", type=int, default=0, help="Add this to every time.")
@click.option(
    "--stretch-ppm", default="0", help="Let the clock run faster by this much, about its time zero."
)
@click.option("--sort", is_flag=True, help="Sort tags that are out of order by up to 1 ms.")
@click.option("--to", type=click.Choice(FORMS), help="Format of OUT, whatever its name.")
@click.option("--encrypt", "new_key", type=KeyFile(), help="Encrypt OUT with the key in this file.")
@click.option("--segments", is_flag=True, help="Make OUT a folder of segments.")
@tick_option
@from_option
@key_option
def convert(
    source: Path,
    target: Path,
    channels: frozenset[int] | None,
    shift_ps: int,
    stretch_ppm: str,
    tick_ps: str | None,
    form: Form | None,
    to: Form | None,
    sort: bool,
    key: RecordingKey | None,
    new_key: RecordingKey | None,
    segments: bool,
) -> None:
    """Write some channels of a recording, perhaps on another clock.

    OUT is text if it ends in .txt or .csv (or either with .gz), PicoQuant's or S-Fifteen's if it ends in .ptu or
    .ts, and otherwise HDF5.
    """
    clock = ClockChange.of(stretch_ppm=stretch_ppm, shift_ps=shift_ps)
    disorder = convert_recording(
        source,
        target,
        channels=channels,
        clock=clock,
        tick_ps=tick_ps,
        form=form,
        to=to,
        sort=sort,
        key=key,
        new_key=new_key,
        segments=segments,
    )
    with open_recording(target, form=to, key=new_key) as recording:
        found = recording.info
    count = sum(found.counts.values()) + sum(found.markers.values())
    err.print(plain(f"wrote {count:,} tags to {target}"))
    if disorder.late:
        err.print(
            f"{disorder.late:,} tags came after later ones, by {disorder.longest_ps:,} ps at most: sorted"
        )


@tags.command()
@scenario_argument
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def generate(config: str, directory: Path, seed: int) -> None:
    """Generate both parties' recordings of an emulated link.

    CONFIG is a scenario with an [emulation] table, or the name of one that comes with qkdctl.
    """
    path = scenario_path(config)
    scenario = load_scenario(path)
    if scenario.emulation is None:
        raise ConfigurationError(f"{path}: has no [emulation] table to generate from")
    with progress("generating"), _all_or_nothing(directory) as draft:
        drafts = generate_recordings(scenario.emulation, scenario.parameters, seed, draft)
    alice, bob = (directory / path.name for path in drafts)
    err.print(plain(f"wrote {alice} and {bob}"))
    command = ["qkdctl", "process", config, "--alice", str(alice), "--bob", str(bob)]
    err.print(f"next: {shlex.join(command)}")


@contextmanager
def _all_or_nothing(directory: Path) -> Iterator[Path]:
    """Give a place for files that come into the directory together: one party's is no use without the other's."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", suffix=".part", dir=directory) as draft:
            yield Path(draft)
            for path in Path(draft).iterdir():
                path.replace(directory / path.name)
    except OSError as error:
        raise RecordingError(f"{directory}: cannot be written: {error.strerror}") from None


def _table(file: Path, found: RecordingInfo) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("file", plain(str(file)))
    for name, value in msgspec.to_builtins(found, str_keys=True).items():
        if value is not None and value not in ({}, [], ()):
            table.add_row(name, plain(_words(value)))
    return table


def _words(value: object) -> str:
    """Show a value of a recording's description to people."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_words, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _mention_assumed_tick(found: RecordingInfo) -> None:
    if found.assumed_tick_ps is not None:
        err.print(
            f"the file does not say its unit; ticks of {found.assumed_tick_ps} ps were assumed (--tick-ps)"
        )

"""``qkdctl tags plot``: rates, waiting times and a correlation, as a picture or as figures."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from postproc.files import write_whole
from postproc.timetags.formats.choice import Form
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.header import RecordingInfo
from postproc.timetags.pictures import Pictures, draw
from postproc.timetags.recording import TagRecording, open_tags
from qkdctl.chart import Series, line_chart, stacked
from qkdctl.cli.output import err, json_option, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.tags_options import FILE, Channels, from_option, key_option, tick_option
from qkdctl.errors import RecordingError

MOST_CHANNELS = 8


@click.command()
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, help="Where the picture goes, an SVG file; FILE with .svg by default.")
@click.option(
    "--between", type=Channels(), help="Two channels to correlate, such as 0,4; the busiest ones by default."
)
@click.option("--reach-ns", type=click.FloatRange(min=0.001, max=1e6), default=20.0, show_default=True)
@tick_option
@from_option
@key_option
@json_option
def plot(
    file: Path,
    out: Path | None,
    between: frozenset[int] | None,
    reach_ns: float,
    tick_ps: str | None,
    form: Form | None,
    key: RecordingKey | None,
    as_json: bool,
) -> None:
    """Draw rates over time, waiting times, and the correlation of two channels.

    With --json the figures are printed, and no picture is made unless --out says where.
    """
    with open_tags(file, tick_ps=tick_ps, form=form, key=key) as recording:
        pictures = _pictures(recording, between, round(reach_ns * 1000))
    if as_json:
        print_json(_figures(pictures))
    if out is not None or not as_json:
        target = out or file.with_name(f"{file.name}.svg")
        _write(target, _picture(pictures))
        err.print(plain(f"drew {target}"))
    if not pictures.complete:
        err.print("the correlation ends early: there are too many pairs within its reach (--reach-ns)")


def _pictures(recording: TagRecording, between: frozenset[int] | None, reach_ps: int) -> Pictures:
    info = recording.info
    busiest = sorted(info.counts, key=lambda channel: -info.counts[channel])[:MOST_CHANNELS]
    pair = _pair(recording.path, info, between, busiest)
    pictures = Pictures(info.start_ps, info.stop_ps, tuple(sorted(busiest)), pair, reach_ps)
    return draw(recording.chunks(), pictures)


def _pair(
    path: Path, info: RecordingInfo, between: frozenset[int] | None, busiest: list[int]
) -> tuple[int, int]:
    if between is None:
        first, second = (*busiest, *busiest, 0, 0)[:2] if len(busiest) < 2 else sorted(busiest[:2])
        return first, second
    if len(between) != 2 or not between <= set(info.counts):
        raise RecordingError(
            f"{path}: --between takes two channels that occur, of {', '.join(map(str, info.counts))}"
        )
    first, second = sorted(between)
    return first, second


def _picture(pictures: Pictures) -> str:
    """Three charts below each other."""
    first, second = pictures.pair
    rates = [
        Series(f"channel {channel}", pictures.rate_times_s.tolist(), (counts / pictures.rate_bin_s).tolist())
        for channel, counts in pictures.rates.items()
    ]
    waits = [
        Series(f"channel {channel}", np.log10(pictures.wait_times_s).tolist(), counts.tolist())
        for channel, counts in pictures.waits.items()
    ]
    delays = Series(
        f"{second} after {first}", (pictures.delays_ps / 1000).tolist(), pictures.correlation.tolist()
    )
    return stacked(
        [
            line_chart("Rates", "time / s", "tags per s", rates),
            line_chart("Time to the channel's next tag", "log10(time / s)", "tags", waits, log_y=True),
            line_chart("Correlation", "delay / ns", f"pairs in {pictures.bin_ps} ps", [delays]),
        ]
    )


def _figures(pictures: Pictures) -> dict[str, object]:
    return {
        "rates": {
            "time_s": pictures.rate_times_s.tolist(),
            "tags_per_s": {str(n): (c / pictures.rate_bin_s).tolist() for n, c in pictures.rates.items()},
        },
        "waiting_times": {
            "time_s": pictures.wait_times_s.tolist(),
            "tags": {str(channel): counts.tolist() for channel, counts in pictures.waits.items()},
        },
        "correlation": {
            "channels": list(pictures.pair),
            "bin_ps": pictures.bin_ps,
            "delay_ps": pictures.delays_ps.tolist(),
            "pairs": pictures.correlation.tolist(),
            "peak_ps": float(pictures.delays_ps[np.argmax(pictures.correlation)]),
            "complete": pictures.complete,
        },
    }


def _write(target: Path, text: str) -> None:
    try:
        write_whole(target, text)
    except OSError as error:
        raise RecordingError(f"{target}: cannot be written: {error.strerror}") from None

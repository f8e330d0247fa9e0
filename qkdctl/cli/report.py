"""``qkdctl report``: a page about a session."""

from __future__ import annotations

import json
from pathlib import Path

import click

from postproc.files import write_whole
from qkdctl.cli.output import json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.stores import store_option
from qkdctl.errors import RecordingError
from qkdctl.report.page import report_page
from qkdctl.report.record import Record, latest_record, load_record


@click.command()
@click.argument("session", type=click.Path(path_type=Path), required=False)
@click.option(
    "--output", type=click.Path(path_type=Path), help="HTML file to write; beside SESSION by default."
)
@store_option
@json_option
def report(session: Path | None, output: Path | None, directory: Path, as_json: bool) -> None:
    """Write a page about a session, to read, to print, to keep.

    SESSION is a file that `qkdctl run` or `qkdctl demo` wrote; the last one of the key stores by default.
    """
    path = session or latest_record(directory)
    record = load_record(path)
    if as_json:
        print_json(record)
        return
    page = output or path.with_suffix(".html")
    write_report(record, page)
    out.print(plain(str(page)))


def write_report(record: Record, page: Path) -> None:
    """Write the page of a session.

    Raises
    ------
    RecordingError
        If the record lacks what a page needs, or the file cannot be written.
    """
    try:
        text = report_page(json.loads(json.dumps(record)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordingError(f"the session file is damaged: {type(error).__name__}: {error}") from None
    try:
        write_whole(page, text)
    except OSError as error:
        raise RecordingError(f"{page}: cannot be written: {error.strerror}") from None

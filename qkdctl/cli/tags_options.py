"""Options that the commands of ``qkdctl tags`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from postproc.timetags.formats.choice import FORMS
from postproc.timetags.formats.sealed import RecordingKey

FILE = click.Path(path_type=Path)


class KeyFile(click.ParamType[RecordingKey]):
    """A file with the key of recordings."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> RecordingKey:
        """Read it."""
        return RecordingKey.read(Path(value))


tick_option = click.option(
    "--tick-ps", help="Unit of a text file that does not name its own; 78.125 is assumed otherwise."
)
from_option = click.option(
    "--from",
    "form",
    type=click.Choice(FORMS),
    help="Format of an instrument's file that its content leaves open.",
)
key_option = click.option(
    "--key", type=KeyFile(), help="File with the key of an encrypted recording, 32 bytes or more."
)


class Channels(click.ParamType[frozenset[int]]):
    """Channels as people write them: ``0-3``, ``0,2,5-7``."""

    name = "channels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """Parse a list of channels and ranges."""
        chosen: set[int] = set()
        for part in str(value).split(","):
            first, _, last = part.partition("-")
            ends = [int(end) if end.isdecimal() else -1 for end in (first, last or first)]
            if not 0 <= ends[0] <= ends[1] <= 255:
                self.fail(
                    f"{value!r} is not a list of channels from 0 to 255, such as 0-3 or 0,2,5-7", param, ctx
                )
            chosen |= set(range(ends[0], ends[1] + 1))
        return frozenset(chosen)

"""What commands print: figures on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.status import Status

F = TypeVar("F", bound=Callable[..., Any])

# Square brackets in a file's name are part of the name.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")(command)


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(jsonable(value), indent=2, allow_nan=False))


def jsonable(value: Any) -> Any:
    """Turn NumPy's numbers into plain ones, and what JSON has no number for into null."""
    match value:
        case dict():
            return {str(name): jsonable(item) for name, item in value.items()}
        case list() | tuple():
            return [jsonable(item) for item in value]
        case float() if not math.isfinite(value):
            return None
        case bool() | int() | float() | str() | None:
            return value
    return jsonable(value.item())


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show a line that says what goes on, where somebody looks; give a function that changes it."""
    if not err.file.isatty():
        yield lambda text: None
        return
    status: Status
    with err.status(text) as status:
        yield status.update

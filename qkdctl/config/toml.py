"""Reading a file of TOML that somebody has written: bounded, and held against its model before anything runs."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qkdctl.config.bounded import read_bounded
from qkdctl.config.complaints import complaints
from qkdctl.errors import ConfigurationError

MAX_BYTES = 2**20


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read a file.

    Parameters
    ----------
    path : Path
    what : str
        What it should be, such as "scenario file".

    Raises
    ------
    ConfigurationError
        If it cannot be read, is too long, or is no TOML.
    """
    data = read_bounded(path, what, MAX_BYTES)
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is no {what}: it is not text") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is not TOML: it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None


def validate(path: Path, kind: Any, table: Any, place: str = "") -> Any:
    """Hold a table, which stands at `place` of a file, against the model `kind`; give what the model makes of it.

    Raises
    ------
    ConfigurationError
        Naming the file, the key, the value, and what is allowed: a line for each mistake.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        # TOML's dates, which no key here takes, become strings and are complained about as such.
        return adapter.validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        lines = [f"{path}: {complaint}" for complaint in complaints(kind, error, place)]
        raise ConfigurationError("\n".join(lines)) from None

"""Reading what somebody has written, no further than it may go."""

from __future__ import annotations

from pathlib import Path

from qkdctl.errors import ConfigurationError


def read_bounded(path: Path, what: str, most_bytes: int) -> bytes:
    """Read a file.

    Parameters
    ----------
    path : Path
    what : str
        What it should be, such as "scenario file".
    most_bytes : int

    Raises
    ------
    ConfigurationError
        If it cannot be read, or is longer.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > most_bytes:
        raise ConfigurationError(f"{path}: is no {what}: those have at most {most_bytes} bytes")
    return data

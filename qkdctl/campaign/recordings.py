"""Finding the recordings of a campaign: a folder for each, with a file of Alice's and one of Bob's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qkdctl.errors import RecordingError


def find_recordings(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Find every recording of a campaign, in the order of their names.

    Parameters
    ----------
    folder : Path
        Holds a folder for each recording, and that a file whose name begins with ``alice`` and one with ``bob``.

    Yields
    ------
    name : str
    alice, bob : Path

    Raises
    ------
    RecordingError
        If there is none, or a folder holds another number of files of a party.
    """
    try:
        places = sorted(place for place in folder.iterdir() if place.is_dir() and place.name[0] != ".")
    except OSError as error:
        raise RecordingError(f"{folder}: cannot be read: {error.strerror}") from None
    if not places:
        raise RecordingError(
            f"{folder}: holds no recordings, expected a folder for each, with a file alice… and a file bob…"
        )
    for place in places:
        yield place.name, _only(place, "alice"), _only(place, "bob")


def _only(place: Path, party: str) -> Path:
    files = [file for file in sorted(place.glob(f"{party}*")) if file.is_file()]
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise RecordingError(f"{place}: expected one file whose name begins with {party}, found {names}")
    return files[0]

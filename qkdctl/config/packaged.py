"""The scenarios that come with the package."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from qkdctl.errors import ConfigurationError

SUFFIX = ".toml"


def scenario_folder() -> Path:
    """Give the folder of what comes with the package."""
    folder = Path(str(files("qkdctl"))) / "scenarios"
    # An editable install leaves the files where they are written.
    return folder if folder.is_dir() else Path(str(files("qkdctl"))).parent / "config"


def packaged_scenarios() -> dict[str, Path]:
    """Give the packaged scenarios by name."""
    return {path.stem: path for path in sorted(scenario_folder().glob(f"*{SUFFIX}"))}


def scenario_path(name: str) -> Path:
    """Turn what a person typed into a file: a path, or the name of a packaged scenario.

    Raises
    ------
    ConfigurationError
        If it is neither.
    """
    path, packaged = Path(name), packaged_scenarios()
    if name in packaged and not path.is_file():
        return packaged[name]
    if not path.exists():
        meant = get_close_matches(path.stem, packaged, n=1)
        raise ConfigurationError(
            f"{name}: there is no such scenario file, and none of that name comes with qkdctl; "
            + (f"did you mean {meant[0]}?" if meant else f"there are {', '.join(packaged)}")
        )
    if path.is_dir():
        raise ConfigurationError(f"{name}: is a directory, expected a scenario file")
    return path

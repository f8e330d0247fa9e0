"""The topologies that come with the package: in the folder of scenarios, below ``networks``."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from qkdctl.config.packaged import SUFFIX, scenario_folder
from qkdctl.errors import ConfigurationError


def packaged_topologies() -> dict[str, Path]:
    """Give the packaged topologies by name."""
    folder = scenario_folder() / "networks"
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def topology_path(name: str) -> Path:
    """Turn what a person typed into a file: a path, or the name of a packaged topology.

    Raises
    ------
    ConfigurationError
        If it is neither.
    """
    path, packaged = Path(name), packaged_topologies()
    if path.is_file():
        return path
    if name in packaged:
        return packaged[name]
    meant = get_close_matches(path.stem, packaged, n=1)
    raise ConfigurationError(
        f"{name}: there is no such topology file, and none of that name comes with qkdctl; "
        + (f"did you mean {meant[0]}?" if meant else f"there are {', '.join(packaged)}")
    )

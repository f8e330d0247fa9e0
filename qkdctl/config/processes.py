"""Which stages of a node share a process, as a scenario may say it; each node decides for itself."""

from __future__ import annotations

from pathlib import Path

from qkdctl.errors import ConfigurationError

Layout = tuple[tuple[str, ...], ...]

DEFAULT: Layout = (
    ("inspect", "agree", "synchronise", "cut", "sift"),
    ("test", "reconcile", "verify", "bound", "amplify"),
)
"""Two processes: one keeps up with the tags, one with the keys."""


def checked_layout(path: Path, layout: Layout) -> Layout:
    """Hold a layout against the stages that there are: all of them, in their order, which is the security argument.

    Raises
    ------
    ConfigurationError
    """
    order = [name for group in DEFAULT for name in group]
    named = [name for group in layout for name in group]
    if named != order or not all(layout):
        raise ConfigurationError(
            f"{path}: processes has the stages {', '.join(named) or 'none'}; expected all of {', '.join(order)}, in "
            "this order, in groups of one or more that share a process"
        )
    return layout

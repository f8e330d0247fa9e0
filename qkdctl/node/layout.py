"""Which stages share a process."""

from __future__ import annotations

from collections.abc import Sequence

from postproc.stage import Stage
from qkdctl.config.processes import Layout
from qkdctl.errors import ConfigurationError

POOLING = ("gather", "pool")
"""Stages of sessions that pool blocks; they share the process of the sifting before them."""


def split(stages: Sequence[Stage], layout: Layout) -> list[list[Stage]]:
    """Give each process its stages.

    Names in the layout that the session does not have are passed over: Alice has no tags to inspect in a
    prepare-and-measure session.

    Raises
    ------
    ConfigurationError
        If the layout leaves out a stage, or changes the order: the order is the security argument.
    """
    layout = tuple(_with_pooling(group) for group in layout)
    order = [stage.name for stage in stages]
    planned = [name for group in layout for name in group if name in order]
    if planned != order:
        raise ConfigurationError(
            f"the layout has the stages {', '.join(planned)}, and the session's are {', '.join(order)}, in this order"
        )
    by_name = {stage.name: stage for stage in stages}
    return [[by_name[name] for name in group if name in by_name] for group in layout]


def _with_pooling(group: tuple[str, ...]) -> tuple[str, ...]:
    if "sift" not in group:
        return group
    after = group.index("sift") + 1
    return (*group[:after], *POOLING, *group[after:])

"""The argument that names a scenario, with completion in the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


class ScenarioName(click.ParamType[str]):
    """A scenario file, or the name of one that comes with qkdctl."""

    name = "scenario"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the packaged names; the shell completes files."""
        from qkdctl.config.packaged import packaged_scenarios

        names = [name for name in packaged_scenarios() if name.startswith(incomplete)]
        return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


def scenario_argument(command: F) -> F:
    """Add CONFIG."""
    return click.argument("config", type=ScenarioName(), metavar="CONFIG")(command)

"""Starting programs of our own, as processes of their own."""

from __future__ import annotations

import sys


def python(module: str, *arguments: str) -> list[str]:
    """Give the command that runs a module of ours with arguments.

    Without ``-P`` Python would look for it in the current directory first: whoever works in a checkout would have the
    sources there run in place of what is installed, and those have no compiled kernels.
    """
    return [sys.executable, "-P", "-m", module, *arguments]

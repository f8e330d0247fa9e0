"""What a run that went to its end is worth: a sentence where it is not key, and the exit code."""

from __future__ import annotations

from typing import Any

from qkdctl.cli import EXIT_INTERRUPTED
from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.diagnosis import why_no_key
from qkdctl.errors import NoKeyError
from qkdctl.run import Run


def verdict(run: Run, summary: dict[str, Any]) -> int:
    """Say why there is no key, where there is none; give the exit code."""
    if run.interrupted:
        err.print("interrupted; what was finished is in the key stores")
        return EXIT_INTERRUPTED
    if not summary["secret_bits"]:
        err.print(f"qkdctl: no block ended in key: {plain(why_no_key(run, summary))}")
        return NoKeyError.exit_code
    return 0

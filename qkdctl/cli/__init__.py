"""The command line. Commands load when they are called, so that help is there at once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``qkdctl``; every foreseen failure ends in one sentence and its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.
    """
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = EXIT_INTERRUPTED
    if arguments is None:
        # All is done and said; a Ctrl-C from now on would only spoil the exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    import click

    from qkdctl.cli.root import root

    try:
        result = root.main(arguments, prog_name="qkdctl", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        return _explain(error)
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    """Print what happened; give the exit code."""
    from qkdctl.cli.failures import exit_code, sentences

    for sentence in sentences(error):
        sys.stderr.write(f"qkdctl: {sentence}\n")
    return exit_code(error)

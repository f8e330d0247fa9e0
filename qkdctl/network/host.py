"""The processes of nodes on one host: ``python -m qkdctl.network.host DIRECTORY NODE...``.

One process has everything imported and begins one for each node, which go on by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import uvloop

from qkdctl.errors import QkdctlError
from qkdctl.kme.hygiene import harden
from qkdctl.network.layout import Layout
from qkdctl.network.running import running
from qkdctl.network.space import onboard
from qkdctl.network.spec import read_spec
from qkdctl.network.state import LOG_FILE, sole_process

log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Begin the processes of nodes; tell the number of each, in their order, on standard output."""
    layout = Layout(Path(arguments[0]))
    numbers = []
    for name in arguments[1:]:
        # Everything is imported, and nothing runs yet that a fork could break.
        number = os.fork()
        if number == 0:
            os._exit(_begin(layout.node(name)))
        numbers.append(number)
    print(*numbers)
    return 0


def _begin(directory: Path) -> int:
    os.setsid()
    handle = os.open(directory / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for stream in (1, 2):
        os.dup2(handle, stream)
    return run_node(directory)


def run_node(directory: Path) -> int:
    """Run a node until SIGTERM or SIGINT; give the exit code."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr, force=True
    )
    logging.Formatter.converter = time.gmtime
    try:
        works = _works(directory)
        harden()
        with sole_process(directory):
            uvloop.run(_serve(works))
    except QkdctlError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence, and no traceback
        return error.exit_code
    return 0


def _works(directory: Path) -> AbstractAsyncContextManager[object]:
    """What runs in a directory: a satellite or a node."""
    if (directory / onboard.SPEC_FILE).exists():
        return onboard.running(onboard.read_satellite(directory))
    return running(read_spec(directory))


async def _serve(works: AbstractAsyncContextManager[object]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with works:
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

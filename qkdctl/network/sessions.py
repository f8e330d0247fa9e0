"""Links whose key other programs of this package make: whole emulated sessions, recordings processed again.

They write into the key stores of both ends, as ``qkdctl run`` and ``qkdctl process`` do for anybody. Alice's node
starts them, ends them when the link is cut, and begins again when it is whole.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
from contextlib import suppress
from pathlib import Path

from postproc.files import write_whole
from qkdctl.network.link_specs import SessionSpec
from qkdctl.network.linkend import LinkEnd
from qkdctl.programs import python

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
DONE = "sessions.done"
LOG = "sessions.log"
LOOK_S = 0.2
END_S = 10.0
AFTER_FAILURE_S = 5.0


class Sessions:
    """Runs the sessions of a link, one after another.

    Parameters
    ----------
    end : LinkEnd
        Alice's.
    spec : SessionSpec
    """

    def __init__(self, end: LinkEnd, spec: SessionSpec) -> None:
        self._end = end
        self._spec = spec
        self._home = Path(end.spec.store)

    async def work(self) -> None:
        """Run one session, if another is to be; end it if the link is cut."""
        if not self._end.up or (self._spec.times and self._done() >= self._spec.times):
            return
        with (self._home / LOG).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *python("qkdctl", *self._spec.arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_parent,
            )
        try:
            while process.returncode is None and self._end.up:
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), LOOK_S)
        finally:
            code = await _ended(process)
        if code == 0:
            write_whole(self._home / DONE, f"{self._done() + 1}\n")
        elif self._end.up:
            log.warning(
                "link %s: a session ended with code %d; see %s", self._end.name, code, self._home / LOG
            )
            await asyncio.sleep(AFTER_FAILURE_S)

    def _done(self) -> int:
        """How many sessions came to their end."""
        try:
            return int((self._home / DONE).read_text())
        except (OSError, ValueError):
            return 0


def _end_with_parent() -> None:
    """Get SIGTERM when the node is gone, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


async def _ended(process: asyncio.subprocess.Process) -> int:
    """End a process, politely first; give its code."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode

"""A command that is run when a block was refused: it may align polarisation, bias or delays.

No data is cut out of a block: the one that is refused has ended, the next ones begin as they would have. The command
is told figures that are public.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from time import monotonic
from typing import Any

from postproc.outcome import BlockEnded
from postproc.types import Alarm, Role
from qkdctl.node.observation import Relief

TIMEOUT_S = 600.0


class Retune:
    """Runs the command, one at a time.

    Parameters
    ----------
    command : str
        As a shell would split it; no shell runs it.
    role : {"alice", "bob"}
        Told to the command.
    """

    def __init__(self, command: str, role: Role) -> None:
        self._command, self._role = shlex.split(command), role
        self._running: subprocess.Popen[bytes] | None = None
        self._until_s = 0.0
        self._block, self._has_failed = "", False
        self.runs = 0

    def take(self, result: Any) -> Iterator[Alarm]:
        """Begin, if a block was refused and nothing is being tuned; give what is to be told."""
        if not isinstance(result, BlockEnded) or result.outcome != "refused" or self._running is not None:
            return
        block = result.record.block
        told = {"role": self._role, "block": block, "reason": result.reason, "figures": result.record.figures}
        try:
            self._running = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            assert self._running.stdin is not None
            with self._running.stdin as pipe:
                pipe.write(json.dumps(told, default=float).encode())
        except OSError as error:
            yield self._failed(f"cannot be run: {error.strerror}")
            return
        self.runs += 1
        self._until_s, self._block = monotonic() + TIMEOUT_S, f"block {block}"
        yield Alarm("retuning", "info", self._block, {"reason": result.reason[:200]}, RETUNING)

    def look(self) -> Iterator[Alarm | Relief]:
        """See whether it has ended; give what is to be told."""
        if self._running is None:
            return
        if (code := self._running.poll()) is None:
            if monotonic() < self._until_s:
                return
            self._running.kill()
            self._running.wait()
        self._running = None
        yield Relief("retuning", self._block)
        if code is None:
            yield self._failed(f"took longer than {TIMEOUT_S:.0f} s and was ended")
        elif code:
            yield self._failed(f"ended with code {code}")
        elif self._has_failed:
            self._has_failed = False
            yield Relief("retune-failed", self._command[0])

    def close(self) -> None:
        """End it, if it still runs."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def _failed(self, what: str) -> Alarm:
        self._has_failed = True
        return Alarm("retune-failed", "warning", self._command[0], {"what": what}, FAILED)


RETUNING = (
    "A block was refused and the command that re-tunes the link runs. The next blocks show whether it helped."
)
FAILED = (
    "The command that should re-tune the link did not do its work. Run it by hand and read what it says; blocks go on "
    "meanwhile, and are refused as long as the link is out of tune."
)

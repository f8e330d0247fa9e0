"""A node's sessions, one after the other: when one breaks, the next takes up from the last committed block.

Nothing of a broken session is carried on: its open blocks are dropped at both ends, the clocks are locked
anew, and what one end held as staged is settled in the new session's greeting. Whoever ends first says
whether it means to go on; the other goes along.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import msgspec

from postproc.blocks import SecretBlock
from postproc.outcome import BlockEnded
from postproc.timetags.types import Acquired
from postproc.types import Alarm
from qkdctl.diagnosis import raise_if_refused
from qkdctl.errors import InstrumentsError, PeerLostError, QkdctlError, RecordingError
from qkdctl.keystore.lock import sole_run
from qkdctl.node.attendant import Attendant
from qkdctl.node.failure import Failure, is_disk_full
from qkdctl.node.spec import NodeSpec, RecordSpec
from qkdctl.node.supervisor import WHAT_TO_DO, Supervisor

MENDABLE = (QkdctlError.exit_code, InstrumentsError.exit_code, PeerLostError.exit_code)
"""Exit codes of failures that another attempt may not meet again; 1 is a process that was killed."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LOOK_S = 0.1

EARLY_S = 1.0
"""A recording that is shorter than it should be by more than this has broken off."""


class Sessions:
    """Runs a node until its recording is as long as asked for, or it cannot go on.

    Parameters
    ----------
    spec : NodeSpec
    listen : callable
        Told of every result as it comes.
    recorded_s : float
        What was recorded before this process was started.

    Attributes
    ----------
    failure : Failure or None
        Why the last session failed, if it did.
    not_begun : BlockEnded or None
        How the last session ended, if that was before its first block.
    """

    def __init__(
        self, spec: NodeSpec, listen: Callable[[Any], None] = lambda result: None, recorded_s: float = 0.0
    ) -> None:
        self._spec = spec
        self._listen = listen
        self._recorded_s = recorded_s
        self._restarts = spec.restarts
        self._attendant = Attendant(spec)
        self._should_stop: Callable[[], bool] = lambda: False
        self._broken = self._lost_slots = self._got_somewhere = False
        self.failure: Failure | None = None
        self.not_begun: BlockEnded | None = None

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Run session after session; all processes are gone when it returns."""
        self._should_stop = should_stop
        pause_s = FIRST_PAUSE_S
        with sole_run(Path(self._spec.store)), closing(self._attendant):
            while True:
                again = self._run_one(should_stop)
                if not again or should_stop():
                    return
                pause_s = FIRST_PAUSE_S if self._got_somewhere else min(2 * pause_s, LONGEST_PAUSE_S)
                _rest(pause_s, should_stop)

    def _run_one(self, should_stop: Callable[[], bool]) -> bool:
        """Run a session; say whether there is to be another."""
        self._broken, self._lost_slots, self._got_somewhere, self.not_begun = False, False, False, None
        for old in self._spec.path.glob("*.failed"):
            old.unlink()
        supervisor = Supervisor(self._next_spec(), self._take, self._wants_another, self._attendant)
        try:
            supervisor.run(lambda: should_stop() or self._makes_nothing)
        except OSError as error:
            if not is_disk_full(error):
                raise
            # Not even that could be written down.
            self.failure = Failure("supervisor", RecordingError.exit_code, str(error), disk_full=True)
            self._restarts -= 1
            goes_on = self._wants_another(self.failure, True, False)
            self._attendant.end("paused" if goes_on else "failed", str(error))
            return goes_on
        self.failure = supervisor.failure or _lost(supervisor)
        self._restarts -= 1
        return supervisor.goes_on

    def _next_spec(self) -> NodeSpec:
        """What is left to do, at the address where the other node found this one before."""
        spec = msgspec.structs.replace(self._spec, duration_s=self._left_s)
        if spec.record is not None:
            spec = msgspec.structs.replace(spec, record=next_session(spec.record))
        known = spec.path / "endpoint"
        if spec.peer.listen and known.exists():
            peer = msgspec.structs.replace(spec.peer, endpoint=known.read_text())
            spec = msgspec.structs.replace(spec, peer=peer)
        return spec

    @property
    def _left_s(self) -> float:
        """Alice's recording decides how long it goes on: Bob ends with her."""
        if self._spec.role == "bob":
            return self._spec.duration_s
        return max(self._spec.duration_s - self._recorded_s, 0.0)

    @property
    def _ended_early(self) -> bool:
        """Whether Alice has not sent for as long as she should, though nobody has stopped her."""
        return self._spec.role == "alice" and self._left_s > EARLY_S

    def _take(self, result: Any) -> None:
        if isinstance(result, Acquired):
            self._recorded_s += result.duration_s
            self._got_somewhere |= result.duration_s > 0
        # A process that is killed does not say how much it has recorded.
        self._got_somewhere |= isinstance(result, SecretBlock)
        if isinstance(result, BlockEnded) and result.record.block == 0:
            self._broken, self.not_begun = _may_lock_next_time(result), result
        if isinstance(result, Alarm) and result.name == "slots-lost":
            self._broken = self._lost_slots = True
        self._listen(result)

    @property
    def _makes_nothing(self) -> bool:
        """Whether this session makes no key any more, and another may: it is ended then, or it would go on for good."""
        return self._lost_slots and self._wants_another(None, False, False)

    def _wants_another(self, failure: Failure | None, peer_gone: bool, peer_goes_on: bool) -> bool:
        """Decide what to tell the other node at the end of a session."""
        if self._spec.recording is not None or self._restarts <= 0 or not self._left_s or self._should_stop():
            # The clicks of a recording are key material: they are never used for a second key.
            return False
        if self.not_begun is not None and not self._broken:
            return False
        if failure is not None and failure.exit_code not in MENDABLE and not failure.disk_full:
            return False
        return failure is not None or self._broken or peer_gone or peer_goes_on or self._ended_early


def next_session(record: RecordSpec) -> RecordSpec:
    """Give every session a folder of its own, whoever began the ones before."""
    numbers = [int(path.name) for path in Path(record.folder).glob("[0-9]*") if path.name.isdecimal()]
    return msgspec.structs.replace(record, session=max(numbers, default=0) + 1)


def _may_lock_next_time(end: BlockEnded) -> bool:
    try:
        raise_if_refused(end)
    except QkdctlError:
        return False
    return True


def _lost(supervisor: Supervisor) -> Failure | None:
    if supervisor.peer_lost is None:
        return None
    return Failure("channel", PeerLostError.exit_code, f"{supervisor.peer_lost}; {WHAT_TO_DO}")


def _rest(seconds: float, should_stop: Callable[[], bool]) -> None:
    until = monotonic() + seconds
    while monotonic() < until and not should_stop():
        sleep(LOOK_S)

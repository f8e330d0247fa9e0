"""The process at the head of a node: from instruments, or a recording, to the first stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from drivers.errors import DriverError
from postproc.conversation.agreement import Prepared
from postproc.timetags.types import Acquired
from postproc.traffic import Traffic, pack
from postproc.types import End, Role
from qkdctl.node import signals
from qkdctl.node.source import Source
from qkdctl.node.wiring import Wiring
from qkdctl.run import Stretch

LOOK_EVERY_S = 1.0
TAIL_S = 10.0
"""Bob records at most so much longer than Alice sends: he is told to stop once he has all of her blocks."""
LINGER_S = 30.0
"""The other party is lost before."""
PAUSE_S = 0.02


@contextmanager
def closing_source(source: Source) -> Iterator[Source]:
    """Stop a source whatever happens."""
    try:
        yield source
    finally:
        source.stop()


class Acquisition:
    """Drive a source: prepare, wait for the word, record, stop.

    Bob records before he says that he is ready, so that no light of Alice's is missed; Alice's light waits
    until both parties agree, and goes when both know that the recording has ended.

    Parameters
    ----------
    role : {"alice", "bob"}
    open_source : callable
        Opens the source; whatever goes wrong there, the stages hear that nothing will come.
    wiring : Wiring
    duration_s : float
        How long to record once both agree, by the instruments' own time.
    slot_s : float
        Length of a slot, for prepared states.
    """

    def __init__(
        self,
        role: Role,
        open_source: Callable[[], Source],
        wiring: Wiring,
        duration_s: float,
        slot_s: float,
    ) -> None:
        self._role = role
        self._open_source = open_source
        self._wiring = wiring
        self._duration_s = duration_s + (TAIL_S if role == "bob" else 0.0)
        self._stream = wiring.stream(0, bind=False)
        self._recorded = Stretch()
        self._slot_s = slot_s
        self._recorded_at_go_s: float | None = None
        self._stopped = self._enough = self._ended = False
        self._raised: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Do all of it, until the first stage has everything.

        Raises
        ------
        LinkFailed
            If the first stage is gone.
        DriverError
            If an instrument fails; the source is stopped all the same.
        """
        try:
            with closing_source(self._open_source()) as source:
                if self._record(source):
                    self._wiring.tell("state", "recorded")
                    self._end()
                    self._linger(source)
        finally:
            self._end()
            while not self._stream.link.settled:
                self._turn()

    def _end(self) -> None:
        """Say what was recorded, once."""
        if not self._ended:
            self._ended = True
            self._send(self._recorded.total())
            self._send(End())

    def _linger(self, source: Source) -> None:
        """Leave everything on until the other party knows of the end; what comes meanwhile is nobody's."""
        until_s = monotonic() + LINGER_S
        with suppress(DriverError):
            while not self._enough and monotonic() < until_s and source.read() is not None:
                self._pump()

    def _record(self, source: Source) -> bool:
        """Record; say whether the source would give more."""
        self._wiring.tell("state", "preparing")
        source.prepare()
        if self._role == "bob":
            source.start()
        self._send(Prepared())
        if self._role == "alice":
            self._await_agreement()
            if self._stopped:
                return False
            source.start()
        self._wiring.tell("state", "recording")
        told_s, told = monotonic(), self._recorded.total()
        while not self._over():
            if (chunk := source.read()) is None:
                return False
            self._recorded.take(chunk, self._slot_s)
            self._send(chunk)
            if monotonic() - told_s > LOOK_EVERY_S:
                told_s, told = self._tell_rates(told)
                self._raise_alarms(source)
        return True

    def _await_agreement(self) -> None:
        while self._recorded_at_go_s is None and not self._stopped:
            self._turn()

    def _over(self) -> bool:
        if self._recorded_at_go_s is None:
            return self._stopped
        return self._stopped or self._recorded.duration_s - self._recorded_at_go_s >= self._duration_s

    def _send(self, message: Traffic) -> None:
        """Send a message as soon as there is room."""
        while not self._stream.link.room:
            self._turn()
        self._stream.link.send(pack(message))
        self._pump()

    def _turn(self) -> None:
        self._pump()
        self._wiring.wait(PAUSE_S)

    def _pump(self) -> None:
        self._stream.pump(monotonic())
        while (signal := self._stream.link.receive()) is not None:
            self._stopped |= signal in (signals.STOP, signals.ENOUGH)
            self._enough |= signal == signals.ENOUGH
            if signal == signals.GO and self._recorded_at_go_s is None:
                self._recorded_at_go_s = self._recorded.duration_s
            self._stream.link.done()

    def _raise_alarms(self, source: Source) -> None:
        """Say what is wrong, once for as long as it lasts."""
        found = {(alarm.name, alarm.subject): alarm for alarm in source.look()}
        for key, alarm in found.items():
            if key not in self._raised:
                self._send(alarm)
        for name, subject in self._raised - found.keys():
            self._wiring.tell("relief", subject, name=name)
        self._raised = set(found)

    def _tell_rates(self, before: Acquired) -> tuple[float, Acquired]:
        """Tell counts a second of the instrument's own time, however late they come here."""
        now = self._recorded.total()
        span_s = now.duration_s - before.duration_s
        if span_s <= 0:
            return monotonic(), before
        counts = now.by_channel - before.by_channel
        rates = {f"channel_{i}_hz": float(counts[i] / span_s) for i in counts.nonzero()[0]}
        self._wiring.tell("rates", "", recorded_s=now.duration_s, count=now.count, **rates)
        return monotonic(), now

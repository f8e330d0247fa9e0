"""The process over a node: starts the others, collects results, ends everything in order."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

from postproc.link import LinkFailed
from postproc.traffic import unpack
from postproc.types import Alarm
from qkdctl.carriers.zeromq import Listener
from qkdctl.errors import PeerLostError
from qkdctl.node import signals
from qkdctl.node.attendant import Attendant
from qkdctl.node.failure import Failure, disk_full_alarm, failure_of, is_disk_full
from qkdctl.node.observation import event_of
from qkdctl.node.processes import Processes
from qkdctl.node.spec import NodeSpec, write_spec
from qkdctl.node.state import State
from qkdctl.node.telemetry import Event
from qkdctl.node.telemetry import pack as pack_event
from qkdctl.node.telemetry import unpack as unpack_event
from qkdctl.node.wiring import TELEMETRY, Wiring
from qkdctl.node.worker import main

WATCH = "watch"
"""Name of the socket on which a node's telemetry can be listened to."""

WHAT_TO_DO = "check that the other node runs, its address, and that each node has the other's public key"
"""When the other node is lost."""

WantsAnother = Callable[[Failure | None, bool, bool], bool]

PAUSE_S = 0.05
LEAVE_S = 20.0
"""How long the others may take to end once the session is over."""

FINISH_S = 60.0
"""How long blocks may take to be finished once this node is to stop; service managers kill after 90 s."""


class Supervisor:
    """Runs one node's session.

    Parameters
    ----------
    spec : NodeSpec
    listen : callable
        Told of every result as it comes.
    wants_another : callable
        ``wants_another(failure, peer_gone, peer_goes_on)`` is asked at the end whether another session is to
        follow this one.
    attendant : Attendant, optional
        Looks after the node from session to session.

    Attributes
    ----------
    goes_on : bool
        Another session follows: this node wants it, and the other one has not said that it is done.
    failure : Failure or None
        Why the session failed, if it did.
    peer_lost : str or None
        Why the other node is gone, if it is.
    """

    def __init__(
        self,
        spec: NodeSpec,
        listen: Callable[[Any], None] = lambda result: None,
        wants_another: WantsAnother = lambda failure, peer_gone, peer_goes_on: False,
        attendant: Attendant | None = None,
    ) -> None:
        self._spec = spec
        self._listen = listen
        self._wants_another = wants_another
        self._attendant = attendant or Attendant(spec)
        self._processes = Processes(spec.path)
        self._stopping = self._agreed = self._left = False
        self._last_word: bytes | None = None
        self._ended_s: float | None = None
        self._finish_by_s = inf
        self.goes_on = False
        self.failure: Failure | None = None
        self.peer_lost: str | None = None

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Run the session to its end; the processes are gone when it returns."""
        self._attendant.begin()
        write_spec(self._spec)
        with Wiring(self._spec, "supervisor") as wiring:
            self._results = wiring.stream(len(self._spec.layout), bind=True)
            self._control = wiring.control(bind=True)
            telemetry = wiring.listener(TELEMETRY)
            self._announcer = wiring.announcer(WATCH)
            try:
                for worker in self._spec.workers:
                    self._processes.start(worker, main)
                self._watch(wiring, telemetry, should_stop)
            except LinkFailed as error:
                # A process that hangs, or gets no time: the session is broken, the node is not.
                self.failure = self.failure or Failure("supervisor", PeerLostError.exit_code, str(error))
                self.goes_on = self._wants_another(self.failure, True, False)
                self._announce_end()
            finally:
                self._processes.end()

    def _watch(self, wiring: Wiring, telemetry: Listener, should_stop: Callable[[], bool]) -> None:
        over_s: float | None = None
        while over_s is None or monotonic() < over_s:
            self._pump()
            while (event := telemetry.hear()) is not None:
                self._hear(event)
            if should_stop() and not self._stopping:
                self._results.link.send(signals.STOP)
                self._stop(monotonic())
            if over_s is None and self._session_over() and not self._lets_alice_speak_first():
                over_s = monotonic() + LEAVE_S
                self._take_leave()
            if over_s is not None and self._processes.codes()["channel"] is not None:
                return
            for news in self._attendant.look(self._processes.codes()):
                if isinstance(news, Alarm):
                    self._keep(news)
                else:
                    self._announce(news)
            wiring.wait(PAUSE_S)

    def _stop(self, now_s: float) -> None:
        self._stopping = True
        self._finish_by_s = now_s + FINISH_S

    def _pump(self) -> None:
        now = monotonic()
        self._results.pump(now)
        while (item := self._results.link.receive()) is not None:
            self._keep(unpack(item))
            self._results.link.done()
        self._control.pump(now)
        while (word := self._control.link.receive()) is not None:
            self._last_word = word
            # Who is gone once everything was said is missed by nobody.
            if word.startswith(signals.LOST) and not self._left:
                self.peer_lost = word.removeprefix(signals.LOST).decode()
            self.goes_on &= word != signals.BYE
            self._control.link.done()

    def _lets_alice_speak_first(self) -> bool:
        """Whether Bob, who ends because Alice's recording did, waits to hear why hers did.

        She may have reached its end, or her instruments may have failed; if he said first that he is done, she could
        not go on.
        """
        if self._spec.role == "alice" or self._stopping or self.failure or self.peer_lost or self._last_word:
            return False
        if self._ended_s is None:
            self._ended_s = monotonic()
        return self._processes.codes()["channel"] is None and monotonic() < self._ended_s + LEAVE_S

    def _take_leave(self) -> None:
        """Say whether another session is to follow."""
        gone = self.peer_lost is not None or self._processes.codes()["channel"] is not None
        if self._last_word != signals.BYE:
            self.goes_on = self._wants_another(self.failure, gone, self._last_word == signals.AGAIN)
        self._control.link.send(signals.AGAIN if self.goes_on else signals.BYE)
        self._left = True
        self._announce_end()

    def _announce_end(self) -> None:
        state: State = "paused" if self.goes_on else "ended" if self.failure is None else "failed"
        if self.failure is not None and self.failure.disk_full:
            self._keep(disk_full_alarm(self.failure))
        if self._attendant.state.now != state:
            self._attendant.end(state, self.failure.reason if self.failure else self.peer_lost or "")
        self._announcer.tell(pack_event(Event("supervisor", "state", state, {})))

    def _keep(self, result: Any) -> None:
        try:
            self._listen(result)
        except OSError as error:
            # An alarm is heard all the same, and most of all the one that tells that there is no room.
            if not (isinstance(result, Alarm) and is_disk_full(error)):
                raise
        self._announce(result)
        for alarm in self._attendant.take(result):
            self._keep(alarm)

    def _announce(self, result: Any) -> None:
        if (event := event_of(result)) is not None:
            self._announcer.tell(pack_event(event))

    def _hear(self, data: bytes) -> None:
        if (event := unpack_event(data)) is not None:
            self._agreed |= (event.kind, event.subject) == ("state", "agreed")
            self._attendant.hear(event)
            self._announcer.tell(data)

    def _session_over(self) -> bool:
        """Whether all processes but the channel have ended, or one has failed."""
        codes = self._processes.codes()
        for worker, code in codes.items():
            if code and self.failure is None:
                self.failure = failure_of(self._spec.path, worker, code)
        others = [code for worker, code in codes.items() if worker != "channel"]
        # Nobody has to be waited for where nothing has begun.
        never_began = self._stopping and not self._agreed
        is_over = never_began or self._cannot_go_on() or all(code is not None for code in others)
        if not is_over and monotonic() > self._finish_by_s:
            reason = f"blocks were not finished within {FINISH_S:.0f} s of the stop; those that were are kept"
            self.failure = self.failure or Failure("supervisor", PeerLostError.exit_code, reason)
            return True
        return is_over

    def _cannot_go_on(self) -> bool:
        """Whether a process is gone without which nothing can be finished.

        Acquisition that fails ends its stream first; one that was killed has not.
        """
        if self.failure is None:
            return False
        return self.failure.worker != "acquire" or (self._processes.codes()["acquire"] or 0) < 0

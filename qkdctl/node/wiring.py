"""How a process of a node comes to its connections."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic, process_time
from types import TracebackType
from typing import Self

from postproc.files import write_whole
from postproc.link import Link, Patience
from postproc.link.packets import EPOCH_BYTES
from postproc.types import Figure
from qkdctl.carriers.joint import Joint
from qkdctl.carriers.zeromq import Announcer, Doorkeeper, Listener, Waiter, ZeroMqCarrier, new_context
from qkdctl.node.memory import in_use
from qkdctl.node.spec import NodeSpec
from qkdctl.node.telemetry import Event, pack

TELEMETRY = "telemetry"

WITHIN_A_NODE = Patience(resend_s=2.0, heartbeat_s=0.5, lost_s=60.0)
"""Nothing is lost on ``ipc``; a resend only bridges the start of a socket. The supervisor sees at once who is gone:
silence only finds who hangs, and on a busy machine one step of a stage can take long."""

BETWEEN_NODES = Patience(resend_s=0.5, resend_most_s=4.0, heartbeat_s=1.0, lost_s=15.0)
"""A large item may be under way for longer than `resend_s`: copies of it must not fill a slow line."""

LOAD_EVERY_S = 2.0
"""So often a process tells how busy it is, and what memory it uses."""

CHUNKS_IN_FLIGHT = 16
FRAMES_IN_FLIGHT = 256


class Wiring:
    """One process's sockets.

    Parameters
    ----------
    spec : NodeSpec
    worker : str
        The process's name.
    """

    def __init__(self, spec: NodeSpec, worker: str) -> None:
        self._spec = spec
        self._worker = worker
        self._stack = ExitStack()
        self._context = self._stack.enter_context(new_context())
        self._announcer = Announcer(self._context, spec.socket(TELEMETRY), bind=False)
        self._stack.callback(self._announcer.close)
        self._waiter = Waiter()
        self._joints: list[Joint] = []
        self._worked_s, self._told_s = process_time(), monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def stream(self, number: int, *, bind: bool) -> Joint:
        """The connection between process `number` and the one before it; whoever is downstream binds."""
        neighbour = "the process downstream" if not bind else "the process upstream"
        return self._joint(f"stream-{number}", bind, CHUNKS_IN_FLIGHT, neighbour)

    def frames(self, number: int, *, bind: bool) -> Joint:
        """The connection between stages process `number` and the channel; the channel binds."""
        return self._joint(
            f"frames-{number}", bind, FRAMES_IN_FLIGHT, f"stages-{number}" if bind else "the channel"
        )

    def control(self, *, bind: bool) -> Joint:
        """The connection between the supervisor, who binds, and the channel."""
        return self._joint("control", bind, CHUNKS_IN_FLIGHT, "the channel" if bind else "the supervisor")

    def peer(self) -> Joint:
        """The connection to the other node; writes the endpoint down where this node listens."""
        peer = self._spec.peer
        if peer.listen:
            doorkeeper = Doorkeeper(self._context, peer.curve.peer)
            self._stack.callback(doorkeeper.close)
        carrier = ZeroMqCarrier(self._context, peer.endpoint, bind=peer.listen, curve=peer.curve)
        if peer.listen:
            write_whole(self._spec.path / "endpoint", carrier.endpoint, durable=False)
        patience = replace(BETWEEN_NODES, greet_s=self._spec.wait_s)
        return self._hold(carrier, FRAMES_IN_FLIGHT, patience, "the other node")

    def listener(self, name: str) -> Listener:
        """Listen to this node's processes."""
        listener = Listener(self._context, self._spec.socket(name), bind=True)
        self._stack.callback(listener.close)
        self._waiter.add(listener.socket)
        return listener

    def announcer(self, name: str) -> Announcer:
        """Tell whoever wants to watch the node."""
        announcer = Announcer(self._context, self._spec.socket(name), bind=True)
        self._stack.callback(announcer.close)
        return announcer

    def tell(self, kind: str, subject: str = "", **figures: Figure) -> None:
        """Tell whoever watches."""
        self._announcer.tell(pack(Event(self._worker, kind, subject, figures)))

    def wait(self, seconds: float) -> None:
        """Wait until something comes in, at most so long; tell now and then what this process takes."""
        self._waiter.wait(seconds)
        now_s = monotonic()
        if now_s - self._told_s > LOAD_EVERY_S:
            self._tell_load(now_s)

    def _tell_load(self, now_s: float) -> None:
        worked_s = process_time()
        busy = (worked_s - self._worked_s) / (now_s - self._told_s)
        memory = in_use()
        known = {} if memory is None else memory._asdict()
        self.tell("load", self._worker, busy=round(busy, 4), queued=self._queued(), **known)
        self._worked_s, self._told_s = worked_s, now_s

    def _queued(self) -> float:
        """How full the fullest of this process's outgoing connections is, as a share: what back-pressure is."""
        return max((round(joint.link.fill, 3) for joint in self._joints), default=0.0)

    def _joint(self, name: str, bind: bool, window: int, neighbour: str) -> Joint:
        carrier = ZeroMqCarrier(self._context, self._spec.socket(name), bind=bind)
        return self._hold(carrier, window, WITHIN_A_NODE, neighbour)

    def _hold(self, carrier: ZeroMqCarrier, window: int, patience: Patience, neighbour: str) -> Joint:
        link = Link(os.urandom(EPOCH_BYTES), monotonic(), window=window, patience=patience)
        joint = Joint(link, carrier, neighbour)
        self._stack.callback(joint.close)
        self._joints.append(joint)
        self._waiter.add(carrier.socket)
        return joint

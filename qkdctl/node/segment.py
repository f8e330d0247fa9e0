"""A run of stages in one process, between its neighbours: items in, items out, frames to and from the peer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from postproc.conversation.agreement import SessionOpened
from postproc.link import LinkFailed
from postproc.outcome import BlockEnded
from postproc.runner import Chain
from postproc.stage import Stage
from postproc.traffic import pack, unpack
from postproc.types import End
from qkdctl.carriers.joint import Joint
from qkdctl.node import signals
from qkdctl.node.tap import NoTap, Tap

QUIET_S = 1200.0
"""The longest wait for a word once nothing more comes from upstream. No process takes a twentieth of that for a step,
nor a line for a frame: a link that waits so long fails. Only the peer's recording may, where its blocks are long."""

Observe = Callable[[str, Any], None]


class Segment:
    """Consecutive stages of one party.

    It takes from upstream only what it has got rid of downstream and to the peer: back-pressure runs from
    the key store to the instruments.

    Parameters
    ----------
    stages : sequence of Stage
    upstream, downstream, channel : Joint
        Connections to the process before, the process after, and the node's channel to the peer.
    observe : callable
        Told of everything that leaves a stage.
    tap : Tap, optional
        Records what passes.
    relays : bool
        The stages that say when it is enough come after these: their word must pass here before this run may end.
    quiet_s : float
        Where nothing has moved for so long, and all that is left is to hear from the peer, a word was lost: what waits
        for it ends.

    Attributes
    ----------
    ended : bool
        The end of the session has left the last stage.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        upstream: Joint,
        downstream: Joint,
        channel: Joint,
        observe: Observe,
        tap: Tap | None = None,
        *,
        relays: bool = False,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._observe, self._tap = observe, tap or NoTap()
        self._chain = Chain(stages, self._watch)
        self._upstream, self._downstream, self._channel = upstream, downstream, channel
        self._frames: deque[bytes] = deque()
        self._results: deque[bytes] = deque()
        self._upstream_ended = False
        self._peer_gone = self._told_enough = self._said_bye = False
        self._relays = relays
        self._quiet_s, self._moved_s, self._heard = quiet_s, 0.0, False
        self.ended = False

    def turn(self, now_s: float) -> bool:
        """Do what can be done now; say whether anything was.

        Raises
        ------
        LinkFailed
            If a neighbour is gone.
        """
        self._pump(now_s)
        self._relay_signals()
        busy = self._listen()
        if self._flush():
            busy |= self._take()
            self._flush()
        self._look_whether_silent(now_s, busy)
        self._pump(now_s)
        return busy

    @property
    def settled(self) -> bool:
        """Whether everything has left, and the neighbours have it."""
        return (
            self.ended
            and (self._told_enough or not self._relays)
            and self._said_bye
            and not self._frames
            and not self._results
            and self._downstream.link.settled
            and self._channel.link.settled
        )

    def lose_peer(self) -> None:
        """The other party is gone: end what waits for it, as soon as nothing more comes from upstream."""
        if not self._peer_gone:
            self._peer_gone = True
            self._tell_enough()
            self._finish_if_over()

    def _look_whether_silent(self, now_s: float, busy: bool) -> None:
        waits_here = self._frames or self._results or not self._channel.link.settled
        if busy or waits_here or not (self._heard and self._upstream_ended):
            self._moved_s = now_s
        elif now_s - self._moved_s > self._quiet_s:
            self.lose_peer()

    def _pump(self, now_s: float) -> None:
        self._downstream.pump(now_s)
        self._channel.pump(now_s)
        try:
            self._upstream.pump(now_s)
        except LinkFailed:
            # Whoever has said everything may go.
            if not self._upstream_ended:
                raise

    def _listen(self) -> bool:
        """Take what the peer says."""
        busy = False
        while (item := self._channel.link.receive()) is not None:
            busy = True
            if item[:1] == signals.FRAME:
                self._heard = True
                self._tap.heard(item[1:])
                self._chain.hear(item[1:])
            elif item == signals.BYE:
                self.lose_peer()
            self._collect()
            self._channel.link.done()
        return busy

    def _relay_signals(self) -> None:
        """Hand on what comes against the stream."""
        while (signal := self._downstream.link.receive()) is not None:
            self._told_enough |= signal == signals.ENOUGH
            self._signal(signal)
            self._downstream.link.done()

    def _take(self) -> bool:
        """Take one item from upstream, unless what is here must first be answered by the peer."""
        if self._chain.full and not self._peer_gone:
            return False
        item = self._upstream.link.receive()
        if item is None:
            return False
        self._tap.took(item)
        message = unpack(item)
        self._chain.feed(message)
        self._upstream_ended |= isinstance(message, End)
        self._finish_if_over()
        self._collect()
        self._upstream.link.done()
        return True

    def _finish_if_over(self) -> None:
        if self._peer_gone and self._upstream_ended and not self.ended:
            self._chain.finish()
            self._collect()

    def _collect(self) -> None:
        if self._chain.enough:
            self._tell_enough()
        while self._chain.outbox:
            frame = self._chain.outbox.popleft()
            self._tap.said(frame)
            self._frames.append(signals.FRAME + frame)
        while self._chain.results:
            result = self._chain.results.popleft()
            self._tap.gave(result)
            self.ended |= isinstance(result, End)
            self._results.append(pack(result))

    def _flush(self) -> bool:
        """Pass on what there is room for; say whether all of it went. The last that the channel hears is a goodbye."""
        if self.ended and not self._said_bye:
            self._said_bye = True
            self._frames.append(signals.BYE)
        for waiting, joint in ((self._frames, self._channel), (self._results, self._downstream)):
            while waiting and joint.link.room:
                joint.link.send(waiting.popleft())
        return not self._frames and not self._results

    def _watch(self, stage: str, message: Any) -> None:
        if isinstance(message, SessionOpened):
            self._signal(signals.GO)
        if isinstance(message, BlockEnded) and message.record.block == 0:
            self._tell_enough()
        self._observe(stage, message)

    def _tell_enough(self) -> None:
        if not self._told_enough:
            self._told_enough = True
            self._signal(signals.ENOUGH)

    def _signal(self, signal: bytes) -> None:
        """Say something against the stream; a signal that finds no room has been said before."""
        if self._upstream.link.room:
            self._upstream.link.send(signal)

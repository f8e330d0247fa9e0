"""The node's one door to the other node: frames of all stages over one connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from postproc.conversation.frames import unpack
from postproc.errors import ProtocolViolation
from postproc.link import LinkFailed
from qkdctl.carriers.joint import Joint
from qkdctl.node import signals


class Channel:
    """Carries frames between this node's stages and the peer's.

    Parameters
    ----------
    peer : Joint
        The connection to the other node.
    locals_ : sequence of Joint
        Connections to this node's processes.
    stages : mapping of str to int
        Which of them hosts a stage.

    Attributes
    ----------
    peer_ended : bool
        The other node has said that it will say nothing more in this session, or is lost.
    last_word : bytes or None
        What it said then.
    lost : str or None
        Why it is lost, if it is.
    """

    def __init__(self, peer: Joint, locals_: list[Joint], stages: Mapping[str, int]) -> None:
        self._peer = peer
        self._locals = locals_
        self._stages = stages
        self._outgoing: deque[bytes] = deque()
        self._incoming: list[deque[bytes]] = [deque() for _ in locals_]
        self._left: set[int] = set()
        self.peer_ended = False
        self.last_word: bytes | None = None
        self.lost: str | None = None

    def turn(self, now_s: float) -> bool:
        """Carry what can be carried now; say whether anything was.

        Raises
        ------
        LinkFailed
            If a process of this node is gone. Where the other node is, :attr:`lost` says so.
        """
        self._pump(now_s)
        busy = self._collect() | self._listen()
        self._flush()
        self._pump(now_s)
        return busy

    @property
    def settled(self) -> bool:
        """Whether the other node has everything that was said, or wants nothing more."""
        return self.peer_ended or (not self._outgoing and self._peer.link.settled)

    def take_leave(self, word: bytes) -> None:
        """Tell the other node that nothing more will be said: `word` is BYE or AGAIN."""
        self._outgoing.append(word)

    def lose_peer(self) -> None:
        """Tell this node's processes that the other node is gone."""
        if not self.peer_ended:
            self.peer_ended = True
            for place in range(len(self._locals)):
                self._give(place, signals.BYE)

    def _pump(self, now_s: float) -> None:
        for place, joint in enumerate(self._locals):
            try:
                joint.pump(now_s)
            except LinkFailed:
                # Whoever has said goodbye may go: others may be at work long after.
                if place not in self._left:
                    raise
        if self.lost is None:
            try:
                self._peer.pump(now_s)
            except LinkFailed as error:
                self.lost = str(error)
                self.lose_peer()

    def _collect(self) -> bool:
        """Take what this node's stages say, as long as the peer keeps up."""
        busy = False
        for place, joint in enumerate(self._locals):
            while not self._outgoing and (item := joint.link.receive()) is not None:
                busy = True
                if item == signals.BYE:
                    self._left.add(place)
                    self._incoming[place].clear()
                else:
                    self._outgoing.append(item)
                joint.link.done()
                self._flush()
        return busy

    def _listen(self) -> bool:
        """Take what the peer says, and hand it to the stage that it names."""
        busy = False
        while not any(self._incoming) and (item := self._peer.link.receive()) is not None:
            busy = True
            if item in (signals.BYE, signals.AGAIN):
                self.last_word = item
                self.lose_peer()
            elif (place := self._place(item)) is not None:
                self._give(place, item)
            self._peer.link.done()
            self._flush()
        return busy

    def _give(self, place: int, item: bytes) -> None:
        """Hand something to a process; one that has left wants nothing more."""
        if place not in self._left:
            self._incoming[place].append(item)

    def _place(self, item: bytes) -> int | None:
        """Which process hosts the stage that a frame names; None for a frame that names none."""
        try:
            return self._stages.get(unpack(item[len(signals.FRAME) :]).stage)
        except ProtocolViolation:
            return None

    def _flush(self) -> None:
        if self.lost is not None:
            # Nobody will take it; whoever has said it is not to wait for that.
            self._outgoing.clear()
        queues = [(self._outgoing, self._peer), *zip(self._incoming, self._locals, strict=True)]
        for waiting, joint in queues:
            while waiting and joint.link.room:
                joint.link.send(waiting.popleft())

"""One end of a link, as a state machine: packets and times in, packets and items out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from postproc.errors import PostprocError, ProtocolViolation
from postproc.link.packets import Data, State, pack, unpack

MOST_HELD = 2**30
"""Bytes. Blocks of 10^7 bits have messages of some tens of millions, and a few blocks are under way at a time."""


class LinkFailed(PostprocError):
    """The other end is gone, or has started anew; nothing more will come of this link."""


@dataclass(frozen=True)
class Patience:
    """How long an end waits.

    Attributes
    ----------
    resend_s : float
        An item that has not arrived after so long is sent again; the wait doubles up to `resend_most_s`.
    resend_most_s : float
        The longest such wait; `resend_s`, where that is longer.
    heartbeat_s : float
        An end that has nothing to say says so this often.
    lost_s : float
        Silence after which the other end counts as lost.
    greet_s : float
        How long the other end may take to appear at all.
    stuck_s : float
        How long nothing of what is sent may arrive though the other end is heard: a line that carries signs of life
        and no items, such as one on which only short packets pass.
    """

    resend_s: float = 0.2
    resend_most_s: float = 1.0
    heartbeat_s: float = 1.0
    lost_s: float = 15.0
    greet_s: float = 60.0
    stuck_s: float = 60.0


class Link:
    """One end.

    Items arrive in order, each once, for as long as both ends live. A resend repeats the stored bytes, never
    a recomputation. Memory is bounded: at most `window` items wait at either end, and :attr:`room` says how
    many more :meth:`send` will take. What has come and not been received yet is at most `most_held` bytes and one
    item; what comes beyond is left to be sent again.

    Parameters
    ----------
    epoch : bytes
        8 fresh random bytes: this end's life.
    now_s : float
        The time; every call that takes one must not go back.
    window : int
        Items that this end is ready to hold, in each direction.
    most_held : int
        Bytes of what has come that this end is ready to hold.
    patience : Patience
    """

    def __init__(
        self,
        epoch: bytes,
        now_s: float,
        *,
        window: int = 64,
        most_held: int = MOST_HELD,
        patience: Patience | None = None,
    ) -> None:
        self._epoch = epoch
        self._window, self._most_held = window, most_held
        self._patience = patience or Patience()
        self._peer = b""
        self._heard_s = now_s
        # Outgoing: items from `_acknowledged` on are kept until the other end is done with them.
        self._kept: deque[_Kept] = deque()
        self._acknowledged = 0
        self._allowed = self._arrived = 0
        self._moved_s = now_s
        # Incoming: items that came early wait in `_early`, those in order in `_ready`.
        self._early: dict[int, bytes] = {}
        self._ready: deque[bytes] = deque()
        self._held = 0
        self._refused = False
        self._expected = 0
        self._taken = 0
        self._state_due_s = now_s

    @property
    def room(self) -> int:
        """How many more items :meth:`send` takes now."""
        return self._window - len(self._kept)

    @property
    def fill(self) -> float:
        """Share of the window that waits for the other end: at 1, the sender is held back."""
        return len(self._kept) / self._window

    @property
    def settled(self) -> bool:
        """Whether the other end is done with everything that was sent."""
        return not self._kept

    @property
    def connected(self) -> bool:
        """Whether the other end has been heard."""
        return bool(self._peer)

    def send(self, item: bytes) -> None:
        """Take an item for the other end.

        Raises
        ------
        LinkFailed
            If there is no room; whoever sends must look at :attr:`room` first.
        """
        if self.room <= 0:
            raise LinkFailed(
                f"{len(self._kept)} items wait for acknowledgement already; the sender did not hold back"
            )
        self._kept.append(_Kept(self._acknowledged + len(self._kept), item))

    def receive(self) -> bytes | None:
        """Give the next item, in order; None where none has come."""
        if not self._ready:
            return None
        item = self._ready.popleft()
        self._held -= len(item)
        return item

    def done(self) -> None:
        """Say that the oldest item given out is dealt with for good: now it is acknowledged."""
        self._taken += 1
        self._state_due_s = 0.0

    def hear(self, data: bytes, now_s: float) -> None:
        """Take a packet from the carrier; noise is ignored.

        Raises
        ------
        LinkFailed
            If the other end has started anew.
        """
        try:
            packet = unpack(data)
        except ProtocolViolation:
            return
        self._meet(packet.epoch, now_s)
        if isinstance(packet, Data):
            self._take(packet)
        elif packet.peer == self._epoch:
            self._settle(packet, now_s)

    def packets(self, now_s: float) -> list[bytes]:
        """Give the packets that are due.

        Raises
        ------
        LinkFailed
            If the other end has been silent for too long, or nothing arrives there.
        """
        silence_s = now_s - self._heard_s
        if self.connected and silence_s > self._patience.lost_s:
            raise LinkFailed(f"the other end has been silent for {silence_s:.0f} s")
        if not self.connected and silence_s > self._patience.greet_s:
            raise LinkFailed(f"the other end has not appeared within {silence_s:.0f} s")
        self._look_whether_stuck(now_s)
        due = [item.packet(self._epoch) for item in self._kept if self._is_due(item, now_s)]
        if now_s >= self._state_due_s:
            credit = max(self._window - (self._expected - self._taken), 0)
            # What was refused has come all the same: the line is not to be blamed for it.
            arrived = None if self._refused else self._expected
            due.append(pack(State(self._epoch, self._peer, self._taken, credit, arrived)))
            self._state_due_s = now_s + self._patience.heartbeat_s
        return due

    def _is_due(self, item: _Kept, now_s: float) -> bool:
        """Whether an item goes out now; if so, set when it would go out again.

        What has arrived does not, however long the other end takes to deal with it: it stays there while both live.
        """
        if not self._arrived <= item.number < self._allowed or item.due_s > now_s:
            return False
        most_s = max(self._patience.resend_s, self._patience.resend_most_s)
        item.wait_s = min(2 * item.wait_s or self._patience.resend_s, most_s)
        item.due_s = now_s + item.wait_s
        return True

    def _meet(self, epoch: bytes, now_s: float) -> None:
        if not self._peer:
            self._peer = epoch
            self._state_due_s = 0.0
        elif epoch != self._peer:
            raise LinkFailed("the other end has started anew and knows nothing of what was said before")
        self._heard_s = now_s

    def _take(self, packet: Data) -> None:
        is_awaited = self._expected <= packet.number < self._taken + self._window
        if is_awaited and packet.number not in self._early:
            self._refused = not self._has_room_for(packet)
            if not self._refused:
                self._early[packet.number] = packet.item
                self._held += len(packet.item)
        while self._expected in self._early:
            self._ready.append(self._early.pop(self._expected))
            self._expected += 1
        self._state_due_s = 0.0

    def _has_room_for(self, packet: Data) -> bool:
        """Say whether an item may be held; the next one always may where nothing else waits, or all would stop."""
        is_next = packet.number == self._expected and not self._ready
        return is_next or self._held + len(packet.item) <= self._most_held

    def _look_whether_stuck(self, now_s: float) -> None:
        if not any(self._arrived <= item.number < self._allowed for item in self._kept):
            self._moved_s = now_s
        elif now_s - self._moved_s > self._patience.stuck_s:
            raise LinkFailed(
                f"the other end is heard, but nothing that is sent has arrived there for "
                f"{now_s - self._moved_s:.0f} s; look whether the line carries large packets"
            )

    def _settle(self, state: State, now_s: float) -> None:
        if state.arrived is None:
            # It has refused something, or does not say: no sign of a bad line, and what arrived before is still there.
            self._moved_s = now_s
        elif state.arrived > self._arrived:
            self._arrived, self._moved_s = state.arrived, now_s
        while self._kept and self._kept[0].number < state.taken:
            self._kept.popleft()
            self._acknowledged += 1
        self._allowed = max(self._allowed, state.taken + state.credit)


@dataclass
class _Kept:
    """An item on its way: kept as it is until the other end is done with it."""

    number: int
    item: bytes
    due_s: float = 0.0
    wait_s: float = 0.0

    def packet(self, epoch: bytes) -> bytes:
        return pack(Data(epoch, self.number, self.item))

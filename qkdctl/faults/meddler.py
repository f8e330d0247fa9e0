"""A middle man on the classical channel who has both nodes' confidence: stronger than anybody whom CURVE keeps out."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from contextlib import ExitStack
from itertools import count
from threading import Event, Thread
from time import monotonic

import msgspec

from postproc.types import Role
from qkdctl.carriers.zeromq import Curve, Doorkeeper, Waiter, ZeroMqCarrier, new_context, new_curve_pair
from qkdctl.faults.notary import Notary

ALBUM = 256
"""Packets that are kept to be played again."""

LOOK_S = 0.02


class Mischief(msgspec.Struct, frozen=True):
    """What happens to packets: each a probability, by packet.

    Attributes
    ----------
    drop, duplicate, delay, corrupt, replay : float
        A packet that is delayed comes after others; one that is replayed was sent long before, perhaps in
        another session.
    delay_s : float
        At most.
    cut_every_s, cut_s : float
        So often on average nothing passes at all, for so long at most; never where 0.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    corrupt: float = 0.0
    replay: float = 0.0
    delay_s: float = 0.3
    cut_every_s: float = 0.0
    cut_s: float = 0.0


class Meddler:
    """A line for one round; see :class:`qkdctl.session.Line`.

    Parameters
    ----------
    mischief : Mischief
    seed : int

    Attributes
    ----------
    public : str
        Its own key, which both nodes take for the other's.
    notary : Notary
    done : Counter of str
        What was done so far.
    """

    def __init__(self, mischief: Mischief, seed: int) -> None:
        self._mischief = mischief
        self._random = random.Random(seed)  # noqa: S311 - chooses faults, not keys
        self._stack = ExitStack()
        self._over = Event()
        self._late: list[tuple[float, int, Role, bytes]] = []
        self._number = count()
        self._album: dict[Role, deque[bytes]] = {role: deque(maxlen=ALBUM) for role in ("alice", "bob")}
        self._cut_until_s = 0.0
        self._next_cut_s = monotonic() + self._pause(mischief.cut_every_s)
        public, self._secret = new_curve_pair()
        self.public: str | None = public
        self.notary = Notary()
        self.done: Counter[str] = Counter()

    def lead(self, endpoint: str, alice: str, bob: str) -> str:
        """Connect to Alice's node; give the address for Bob's."""
        context = self._stack.enter_context(new_context())
        self._stack.callback(Doorkeeper(context, bob.encode()).close)
        ours = str(self.public).encode(), self._secret.encode()
        towards = {
            "bob": ZeroMqCarrier(context, "tcp://127.0.0.1:*", bind=True, curve=Curve(*ours, bob.encode())),
            "alice": ZeroMqCarrier(context, endpoint, bind=False, curve=Curve(*ours, alice.encode())),
        }
        self._towards: dict[Role, ZeroMqCarrier] = {"alice": towards["alice"], "bob": towards["bob"]}
        self._waiter = Waiter()
        for carrier in towards.values():
            self._stack.callback(carrier.close)
            self._waiter.add(carrier.socket)
        self._thread = Thread(target=self._run, name="meddler", daemon=True)
        self._thread.start()
        return towards["bob"].endpoint

    def close(self) -> None:
        """Carry nothing more."""
        self._over.set()
        if hasattr(self, "_thread"):
            self._thread.join()
        self._stack.close()

    def _run(self) -> None:
        while not self._over.is_set():
            self._waiter.wait(LOOK_S)
            now_s = monotonic()
            for sender, receiver in (("alice", "bob"), ("bob", "alice")):
                self._carry(sender, receiver, now_s)  # type: ignore[arg-type]
            while self._late and self._late[0][0] <= now_s:
                _, _, receiver, packet = heapq.heappop(self._late)
                self._towards[receiver].send(packet)

    def _carry(self, sender: Role, receiver: Role, now_s: float) -> None:
        while (packet := self._towards[sender].receive()) is not None:
            self.notary.see(sender, packet)
            self._album[sender].append(packet)
            if self._is_cut(now_s):
                self.done["cut off"] += 1
                continue
            for delay_s, each in self._fate(packet, sender):
                heapq.heappush(self._late, (now_s + delay_s, next(self._number), receiver, each))

    def _is_cut(self, now_s: float) -> bool:
        if now_s >= self._next_cut_s:
            self._cut_until_s = now_s + self._random.uniform(0, self._mischief.cut_s)
            self._next_cut_s = self._cut_until_s + self._pause(self._mischief.cut_every_s)
            self.done["cuts"] += 1
        return now_s < self._cut_until_s

    def _pause(self, mean_s: float) -> float:
        return self._random.expovariate(1 / mean_s) if mean_s else float("inf")

    def _fate(self, packet: bytes, sender: Role) -> list[tuple[float, bytes]]:
        """What becomes of a packet: after how long which bytes arrive."""
        fate = [(0.0, packet)]
        if self._happens("drop"):
            return []
        if self._happens("corrupt"):
            fate = [(0.0, self._corrupted(packet))]
        if self._happens("delay"):
            fate = [(self._random.uniform(0, self._mischief.delay_s), each) for _, each in fate]
        if self._happens("duplicate"):
            fate.append((self._random.uniform(0, self._mischief.delay_s), packet))
        if self._happens("replay"):
            fate.append((0.0, self._random.choice(self._album[sender])))
        return fate

    def _happens(self, what: str) -> bool:
        happens = bool(self._random.random() < getattr(self._mischief, what))
        self.done[what] += happens
        return happens

    def _corrupted(self, packet: bytes) -> bytes:
        """Turn one bit over, or cut the end off."""
        if self._random.random() < 0.2:
            return packet[: self._random.randrange(len(packet))]
        spoilt = bytearray(packet)
        spoilt[self._random.randrange(len(spoilt))] ^= 1 << self._random.randrange(8)
        return bytes(spoilt)

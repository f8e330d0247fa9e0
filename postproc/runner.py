"""Driving stages in one thread: the reference that every other carrier must agree with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import chain as chain_iterables
from typing import Any

from postproc.conversation.frames import unpack
from postproc.errors import ProtocolViolation
from postproc.stage import Bounded, Emission, Stage
from postproc.types import End, Role

Wire = Callable[[Role, bytes], Iterable[bytes]]
"""What happens to a frame on its way: ``(sender, frame) -> frames that arrive``."""


class Chain:
    """The stages of one party, each one's ``out`` joined to the next one's ``in``.

    Parameters
    ----------
    stages : sequence of Stage
    observe : callable, optional
        Told of everything that leaves a stage, with the stage's name: ``observe(stage, message)``.

    Attributes
    ----------
    outbox : deque of bytes
        Frames for the peer, in order.
    results : deque
        What left the last stage.
    enough : bool
        Some stage wants nothing more of the recording.
    """

    def __init__(
        self, stages: Sequence[Stage], observe: Callable[[str, Any], None] = lambda stage, message: None
    ) -> None:
        self._stages = stages
        self._observe = observe
        self._bounded = [stage for stage in stages if isinstance(stage, Bounded)]
        self._index = {stage.name: i for i, stage in enumerate(stages)}
        self.outbox: deque[bytes] = deque()
        self.results: deque[Any] = deque()
        self.enough = False

    @property
    def full(self) -> bool:
        """Whether some stage must hear from the other party before it is fed more."""
        return any(stage.full for stage in self._bounded)

    def feed(self, message: Any) -> None:
        """Give a message to the first stage."""
        self._route(0, self._stages[0].feed("in", message))

    def hear(self, data: bytes) -> None:
        """Give a frame from the peer to the stage it names; one that names none is dropped."""
        try:
            index = self._index.get(unpack(data).stage)
        except ProtocolViolation:
            return
        if index is not None:
            self._route(index, self._stages[index].feed("peer", data))

    def finish(self) -> None:
        """End every stage, first to last."""
        for index, stage in enumerate(self._stages):
            self._route(index, stage.finish())

    def _route(self, index: int, emissions: Iterable[Emission]) -> None:
        for port, message in emissions:
            if port == "peer":
                self.outbox.append(message)
                continue
            if port == "back":
                self.enough = True
                continue
            self._observe(self._stages[index].name, message)
            if index + 1 < len(self._stages):
                self._route(index + 1, self._stages[index + 1].feed("in", message))
            else:
                self.results.append(message)


def run(stages: Sequence[Stage], source: Iterable[Any]) -> Iterator[Any]:
    """Drive stages that talk to nobody; give what leaves the last one."""
    chain = Chain(stages)
    for message in chain_iterables(source, [End()]):
        chain.feed(message)
        yield from _drain(chain)
    chain.finish()
    yield from _drain(chain)


def _drain(chain: Chain) -> Iterator[Any]:
    while chain.results:
        yield chain.results.popleft()


def direct(sender: Role, frame: bytes) -> Iterable[bytes]:
    """Deliver every frame as it is."""
    return (frame,)


def run_pair(
    alice: Sequence[Stage],
    bob: Sequence[Stage],
    alice_source: Iterable[Any],
    bob_source: Iterable[Any],
    wire: Wire = direct,
) -> Iterator[tuple[Role, Any]]:
    """Drive two isolated parties in one thread; give ``(party, message)`` for what leaves either.

    The parties take turns. Neither takes more from its source while frames are under way, nor while its stages wait
    for a party that has more to come: memory stays bounded by what the stages hold.

    Parameters
    ----------
    alice, bob : sequence of Stage
        The stages of each party, in order, with the same names at both.
    alice_source, bob_source : iterable
        What their first stages take.
    wire : callable, optional
        What happens to frames on their way, for tests; by default they arrive.
    """
    chains: dict[Role, Chain] = {"alice": Chain(alice), "bob": Chain(bob)}
    sources: dict[Role, Iterator[Any]] = {"alice": iter(alice_source), "bob": iter(bob_source)}
    while sources:
        for role in tuple(sources):
            if _is_ahead(role, chains, sources):
                continue
            message = next(sources[role], None)
            if message is None:
                del sources[role]
            chains[role].feed(End() if message is None else message)
            yield from _settle(chains, wire)
    for role in chains:
        chains[role].finish()
        yield from _settle(chains, wire)


def _is_ahead(role: Role, chains: dict[Role, Chain], sources: Container[Role]) -> bool:
    """Whether a party waits for the other, which can go on."""
    peer: Role = "bob" if role == "alice" else "alice"
    return chains[role].full and peer in sources and not chains[peer].full


def _settle(chains: dict[Role, Chain], wire: Wire) -> Iterator[tuple[Role, Any]]:
    """Carry frames until none is under way; give results as they come, not after all of them."""
    peers: tuple[tuple[Role, Role], ...] = (("alice", "bob"), ("bob", "alice"))
    while any(chain.outbox for chain in chains.values()):
        for sender, receiver in peers:
            while chains[sender].outbox:
                for data in wire(sender, chains[sender].outbox.popleft()):
                    chains[receiver].hear(data)
                yield from _results(chains)
    yield from _results(chains)


def _results(chains: dict[Role, Chain]) -> Iterator[tuple[Role, Any]]:
    for role, chain in chains.items():
        for result in _drain(chain):
            yield role, result

"""One party of the chain's benchmark: a process of its own, with its own key store, on a line to the other.

Usage: ``python -m qkdctl.benchmarks.chain_party ROLE STORE CURVE``, with the work and the other end's address on the
standard input, and one line of figures on the standard output for each line ``go``.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import msgspec

from postproc.blocks import SecretBlock
from postproc.entropy import SystemEntropy
from postproc.link import Link
from postproc.link.packets import EPOCH_BYTES
from postproc.outcome import BlockEnded
from postproc.protocols import Party, proof_of
from postproc.runner import Chain
from postproc.stage import Emission, InPort, Stage
from postproc.types import Role
from qkdctl.benchmarks.chain_work import WAIVED, ChainWork
from qkdctl.carriers.base import Carrier
from qkdctl.carriers.joint import Joint
from qkdctl.carriers.zeromq import Curve, Doorkeeper, Waiter, ZeroMqCarrier, new_context
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.sink import sink_for
from qkdctl.keystore.store import KeyStore
from qkdctl.node.wiring import BETWEEN_NODES, FRAMES_IN_FLIGHT

PAUSE_S = 0.02


class Figures(msgspec.Struct, frozen=True):
    """What a party's run came to.

    Attributes
    ----------
    seconds : float
        From the first block to the last confirmed key.
    processor_s : float
        Time of all its threads on any core.
    stages : dict of str to float
        What of it each stage took; the rest is the line, and the benchmark itself.
    secret_bits : int
        Of all blocks together, gross.
    """

    seconds: float
    processor_s: float
    stages: dict[str, float]
    secret_bits: int


class ClockedStage:
    """A stage, and the processor time it has taken."""

    def __init__(self, stage: Stage) -> None:
        self.name, self.seconds, self._stage = stage.name, 0.0, stage

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """See :class:`~postproc.stage.Stage`."""
        yield from self._clocked(iter(self._stage.feed(port, message)))

    def finish(self) -> Iterable[Emission]:
        """See :class:`~postproc.stage.Stage`."""
        yield from self._clocked(iter(self._stage.finish()))

    def _clocked(self, emissions: Iterator[Emission]) -> Iterator[Emission]:
        while True:
            start = process_time()
            emission = next(emissions, None)
            self.seconds += process_time() - start
            if emission is None:
                return
            yield emission


class LongLine:
    """A carrier whose packets take half a round trip."""

    def __init__(self, carrier: Carrier, round_trip_s: float) -> None:
        self._carrier, self._delay_s = carrier, round_trip_s / 2
        self._under_way: deque[tuple[float, bytes]] = deque()

    def send(self, packet: bytes) -> None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        self._carrier.send(packet)

    def receive(self) -> bytes | None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        now = monotonic()
        while (packet := self._carrier.receive()) is not None:
            self._under_way.append((now + self._delay_s, packet))
        arrived = self._under_way and self._under_way[0][0] <= now
        return self._under_way.popleft()[1] if arrived else None

    def wait_s(self) -> float:
        """How long nothing will come of what is under way."""
        return max(self._under_way[0][0] - monotonic(), 0.0) if self._under_way else PAUSE_S

    def close(self) -> None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        self._carrier.close()


class Runner:
    """A party's stages, its line, and the blocks it has under way."""

    def __init__(self, work: ChainWork, role: Role, store: KeyStore, line: LongLine, waiter: Waiter) -> None:
        parameters = work.parameters()
        proof, _ = proof_of(parameters)
        sink = sink_for(
            store, "demonstration", Origin("a benchmark", parameters.protocol, proof.name, WAIVED)
        )
        party = Party(role, SystemEntropy(), store.pool, sink)
        self._stages = [ClockedStage(stage) for stage in party.distil(parameters, proof)]
        self._chain, self._work, self._sifted = Chain(self._stages), work, work.sifted(role)
        link = Link(os.urandom(EPOCH_BYTES), monotonic(), window=FRAMES_IN_FLIGHT, patience=BETWEEN_NODES)
        self._joint, self._line, self._waiter = Joint(link, line, "the other party"), line, waiter
        self._begun = self._ended = self._secret_bits = 0

    def run(self) -> Figures:
        """Make key of as many blocks as the work has."""
        before = [stage.seconds for stage in self._stages]
        start, worked = monotonic(), process_time()
        last, self._secret_bits = self._ended + self._work.blocks, 0
        while self._ended < last or not self._joint.link.settled:
            self._begin(last)
            if not self._turn():
                self._waiter.wait(min(self._line.wait_s(), PAUSE_S))
        stages = {stage.name: stage.seconds - s for stage, s in zip(self._stages, before, strict=True)}
        return Figures(monotonic() - start, process_time() - worked, stages, self._secret_bits)

    def _begin(self, last: int) -> None:
        while self._begun < min(last, self._ended + self._work.in_flight):
            self._begun += 1
            record = msgspec.structs.replace(self._sifted.record, block=self._begun)
            self._chain.feed(msgspec.structs.replace(self._sifted, record=record))
            self._send()

    def _turn(self) -> bool:
        """Take what has come; say whether anything had."""
        self._joint.pump(monotonic())
        busy = False
        while (frame := self._joint.link.receive()) is not None:
            busy = True
            self._chain.hear(frame)
            self._joint.link.done()
            self._send()
        return busy

    def _send(self) -> None:
        outbox = self._chain.outbox
        while outbox and self._joint.link.room:
            self._joint.link.send(outbox.popleft())
        self._joint.pump(monotonic())
        while self._chain.results:
            self._count(self._chain.results.popleft())

    def _count(self, result: Any) -> None:
        match result:
            case SecretBlock():
                self._ended += 1
                self._secret_bits += result.secret_bits
            case BlockEnded():
                raise RuntimeError(f"block {result.record.block} made no key: {result.reason}")


def main(role: Role, store_path: str, keys: str) -> None:
    """Be a party until the input ends."""
    work = msgspec.json.decode(sys.stdin.readline(), type=ChainWork)
    curve = Curve(*(key.encode() for key in keys.split(",")))
    with ExitStack() as stack:
        context = stack.enter_context(new_context())
        if role == "bob":
            stack.callback(Doorkeeper(context, curve.peer).close)
        address = "tcp://127.0.0.1:*" if role == "bob" else sys.stdin.readline().strip()
        carrier = ZeroMqCarrier(context, address, bind=role == "bob", curve=curve)
        stack.callback(carrier.close)
        _say(carrier.endpoint)
        waiter = Waiter()
        waiter.add(carrier.socket)
        store = stack.enter_context(KeyStore(Path(store_path), role))
        runner = Runner(work, role, store, LongLine(carrier, work.round_trip_s), waiter)
        for _ in sys.stdin:
            _say(msgspec.json.encode(runner.run()).decode())


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main("alice" if sys.argv[1] == "alice" else "bob", *sys.argv[2:])

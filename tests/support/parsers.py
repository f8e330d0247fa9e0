"""Every parser of bytes from a socket: what it takes, and the one error by which it may refuse."""

from __future__ import annotations

import msgspec

from postproc.conversation import frames, messages
from postproc.conversation.messages import Message
from postproc.errors import ProtocolViolation
from postproc.link import Link, LinkFailed, packets
from postproc.traffic import pack as pack_traffic
from postproc.traffic import unpack as unpack_traffic
from qkdctl.node.telemetry import pack as pack_event
from qkdctl.node.telemetry import unpack as unpack_event


def kinds():
    """All messages that one party may say to the other."""
    import postproc.amplification.stage
    import postproc.conversation.agreement
    import postproc.conversation.settlement
    import postproc.estimation.stage
    import postproc.reconciliation.cascade.messages
    import postproc.reconciliation.ldpc.messages
    import postproc.sifting.blocks
    import postproc.sifting.pairs
    import postproc.sifting.slots
    import postproc.synchronisation.messages
    import postproc.verification.stage  # noqa: F401

    waiting, found = [Message], []
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return sorted((k for k in found if k is not Message), key=lambda kind: kind.__qualname__)


def refusing(parse, *errors):
    """Make a target of a parser: it takes any bytes, and raises nothing but its own errors."""

    def target(data: bytes) -> None:
        try:
            parse(data)
        except errors:
            return

    return target


def again(found, pack, unpack) -> None:
    """See that what a parser has taken comes back from its own bytes.

    It also shows a fuzzer what the decoders, which are in C, hide from it: that bytes were taken.
    """
    packed = pack(found)
    assert pack(unpack(packed)) == packed


def packet(data: bytes) -> None:
    """A packet of a link."""
    again(packets.unpack(data), packets.pack, packets.unpack)


def frame(data: bytes) -> None:
    """A frame of a dialogue."""
    again(frames.unpack(data), frames.pack, frames.unpack)


def link(data: bytes) -> None:
    """A link that hears a packet, and then says what it has to."""
    here = Link(b"e" * packets.EPOCH_BYTES, 0.0, window=4)
    here.send(b"item")
    here.hear(data, 1.0)
    assert len(here.packets(2.0)) <= 8
    while here.receive() is not None:
        here.done()
    assert here.room >= 0


def message(data: bytes) -> None:
    """The message of a frame's payload, whichever of all kinds the first byte chooses."""
    every = kinds()
    kind = every[data[0] % len(every)] if data else every[0]
    found = messages.decode(data[1:], kind)
    assert isinstance(found, kind | messages.Abort)
    assert found.discloses() >= 0
    again(found, messages.encode, lambda packed: messages.decode(packed, kind))


def traffic(data: bytes) -> None:
    """A message between the stages of one node."""
    found = unpack_traffic(data)
    assert isinstance(found, msgspec.Struct)
    again(found, pack_traffic, unpack_traffic)


def telemetry(data: bytes) -> None:
    """An event, or nothing."""
    found = unpack_event(data)
    if found is not None:
        again(found, pack_event, unpack_event)


TARGETS = {
    "packet": refusing(packet, ProtocolViolation),
    "link": refusing(link, LinkFailed),
    "frame": refusing(frame, ProtocolViolation),
    "message": refusing(message, ProtocolViolation),
    "traffic": refusing(traffic, ProtocolViolation),
    "telemetry": refusing(telemetry),
}

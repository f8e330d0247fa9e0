"""What of the traffic between stages is worth telling."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from postproc.blocks import SecretBlock, SiftedBlock, TestedBlock
from postproc.conversation.agreement import SessionOpened
from postproc.outcome import BlockEnded
from postproc.synchronisation.stage import ClockLocked
from postproc.types import Alarm, Figure
from qkdctl.node.telemetry import Event


class Relief(NamedTuple):
    """An alarm is over.

    Attributes
    ----------
    name, subject : str
        Of the alarm.
    """

    name: str
    subject: str


class Tell(Protocol):
    """Where to tell it; see :meth:`qkdctl.node.wiring.Wiring.tell`."""

    def __call__(self, kind: str, subject: str = "", **figures: Figure) -> None:
        """Tell an event."""
        ...


def tell_of(stage: str, message: Any, tell: Tell) -> None:
    """Tell what has left a stage, if that is news: what only passes through was told before."""
    match stage, message:
        case "agree", SessionOpened():
            tell("state", "agreed", session=message.session.hex())
        case "synchronise", ClockLocked():
            tell("clock", "locked", **message.record.figures)
        case "sift", SiftedBlock():
            tell("sifted", str(message.record.block), key_bits=len(message.key), test_bits=len(message.test))
        case "test", TestedBlock():
            counts = message.statistics
            errors, bits = sum(counts.test_errors), sum(counts.test)
            tell("tested", str(message.record.block), test_errors=errors, test_bits=bits)


def event_of(result: Any) -> Event | None:
    """What a result of the whole node is worth as an event."""
    match result:
        case SecretBlock():
            figures = {"outcome": "key", "secret_bits": result.secret_bits, **result.record.figures}
            return Event("supervisor", "block", str(result.record.block), figures)
        case BlockEnded():
            figures = {**result.record.figures, "outcome": result.outcome, "reason": result.reason}
            return Event("supervisor", "block", str(result.record.block), figures)
        case Alarm():
            figures = {
                **result.figures,
                "name": result.name,
                "severity": result.severity,
                "what_to_do": result.advice,
            }
            return Event("supervisor", "alarm", result.subject, figures)
        case Relief(name, subject):
            return Event("supervisor", "relief", subject, {"name": name})
    return None

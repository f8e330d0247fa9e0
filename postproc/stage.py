"""The contract of a stage: arithmetic with ports.

A stage takes messages on the ports ``in`` (from the stage before it) and ``peer`` (from its twin at the
other party) and answers each with messages for ``out`` and ``peer``. It starts no thread, opens no socket
and reads no clock, so that one thread, several processes or a property-based test can drive it alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

InPort = Literal["in", "peer"]
OutPort = Literal["out", "peer", "back"]


class Emission(NamedTuple):
    """A message and the port it leaves by.

    On ``peer`` the message is an encoded frame (bytes). On ``back`` it is :class:`~postproc.types.End`: nothing
    more of the recording is wanted, though it may still come.
    """

    port: OutPort
    message: Any


@runtime_checkable
class Bounded(Protocol):
    """What a stage offers that keeps what it is fed until the other party answers.

    Whoever drives it holds back what comes from upstream while it is full, and goes on giving it frames.
    """

    @property
    def full(self) -> bool:
        """Whether it holds as much as it may."""
        ...


class Stage(Protocol):
    """What every stage offers.

    A stage forwards messages that it does not handle (alarms, ended blocks) in their order, and
    :class:`~postproc.types.End` when everything before it is done.
    """

    @property
    def name(self) -> str:
        """The stage's name, the same at both parties: it addresses frames."""
        ...

    def feed(self, port: InPort, message: Any) -> Iterable[Emission]:
        """Take one message; give what follows from it."""
        ...

    def finish(self) -> Iterable[Emission]:
        """Nothing will come any more, on any port: end what is open, and forward the end."""
        ...

"""What models are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType

from drivers.emulation.knob import Knob
from drivers.transport.memory import Line, Port, Replies

#: Opens a line at a time.
LineMaker = Callable[[float], Line]


class QuietLine:
    """A line on which only answers are said."""

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        raise NotImplementedError

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return []

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return inf

    def hang_up(self) -> None:
        """See :class:`~drivers.transport.memory.Line`."""


class Model:
    """An emulated instrument.

    Attributes
    ----------
    ports : dict of str to Port
        Where lines to it begin, by the names that its driver has for them.
    troubles : mapping of str to Knob
        What can go wrong inside it, by name.
    """

    ports: dict[str, Port]
    troubles: Mapping[str, Knob] = MappingProxyType({})


class OwnPort:
    """The port of a model that makes its lines itself.

    Parameters
    ----------
    make : callable
        Makes a line at a time.
    """

    def __init__(self, make: LineMaker) -> None:
        self._make = make

    def connect(self, now_s: float) -> Line:
        """See :class:`~drivers.transport.memory.Port`."""
        return self._make(now_s)

"""A character device that gives random bytes; seeded, so worthless as a secret."""

from __future__ import annotations

import numpy as np

from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.transport.memory import Replies

PORTION = 2**12
BYTES_PER_S = 1e6


class RandomDeviceModel(Model):
    """The device.

    Parameters
    ----------
    random : numpy.random.Generator

    Attributes
    ----------
    stuck : bool
        Whether it repeats one byte, as a broken source does.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self.stuck = False
        self.ports = {"main": OwnPort(lambda now_s: PouringLine(self, now_s))}

    def portion(self) -> bytes:
        """Give some bytes."""
        return b"\x55" * PORTION if self.stuck else self._random.bytes(PORTION)


class PouringLine(QuietLine):
    """A line on which bytes come as fast as they are made."""

    def __init__(self, model: RandomDeviceModel, now_s: float) -> None:
        self._model, self._due_s = model, now_s

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        return []

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: a portion for every reader who waits for one."""
        if now_s < self._due_s:
            return []
        self._due_s = now_s + PORTION / BYTES_PER_S
        return [(now_s, self._model.portion())]

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        return self._due_s

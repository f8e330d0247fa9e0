"""What all random sources do: nothing leaves them that did not pass the health tests."""

from __future__ import annotations

from typing import ClassVar

from drivers.errors import RandomnessFailed
from drivers.identity import Finding, fine, wrong
from drivers.instrument import BaseInstrument, Connect
from drivers.random_sources.health import HealthTests

#: The type, where a method of that name hides it.
Data = bytes

#: Samples that are tested and thrown away at the start (SP 800-90B, section 4.3).
START_UP_BYTES = 1024


class WatchedSource(BaseInstrument):
    """A random source under its health tests. Once it has failed it stays failed.

    Attributes
    ----------
    MIN_ENTROPY_BITS : float
        Min-entropy of a byte that it claims.
    """

    MIN_ENTROPY_BITS: ClassVar[float] = 8.0

    def __init__(self, name: str, connect: Connect) -> None:
        super().__init__(name, connect)
        self._tests = HealthTests(self.MIN_ENTROPY_BITS)
        self._failure = ""
        try:
            self.bytes(START_UP_BYTES)
        except BaseException:
            self.hang_up()
            raise

    def raw(self, n: int) -> Data:
        """Give bytes of the source, untested."""
        raise NotImplementedError

    def bytes(self, n: int) -> Data:
        """See :class:`drivers.roles.RandomSource`."""
        with self.lock:
            if not self._failure:
                data = self.raw(n)
                self._watch(data)
            if self._failure:
                raise RandomnessFailed(f"{self.name}: {self._failure}; do not use it, and have it looked at")
            return data

    def hang_up(self) -> None:
        """Nothing to close."""

    def self_test(self) -> list[Finding]:
        """Draw some bytes."""
        try:
            self.bytes(START_UP_BYTES)
        except RandomnessFailed:
            return [wrong(self._failure, "do not use it, and have it looked at")]
        return [fine(f"{START_UP_BYTES} bytes passed the repetition count and adaptive proportion tests")]

    def _watch(self, data: Data) -> None:
        try:
            self._tests.watch(data)
        except RandomnessFailed as error:
            self._failure = str(error)

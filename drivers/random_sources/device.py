"""A character device, such as ``/dev/hwrng``, or any line that pours random bytes."""

from __future__ import annotations

from drivers.errors import ConnectionFailed, DriverError, NoAnswer
from drivers.identity import EMULATED_MARK, Identity
from drivers.instrument import Connect
from drivers.random_sources.watched import WatchedSource
from drivers.transport.base import Transport

TIMEOUT_S = 5.0


class DeviceRandom(WatchedSource):
    """A device behind a ``file:`` address.

    Hardware seldom gives full entropy; the tests are set for six bits a byte, and whoever makes key of it
    condenses it first.
    """

    MIN_ENTROPY_BITS = 6.0

    def __init__(self, name: str, connect: Connect) -> None:
        try:
            self._line: Transport = connect("main")
        except DriverError as error:
            raise type(error)(f"{name}: {error}") from None
        self._rest = b""
        super().__init__(name, connect)

    def raw(self, n: int) -> bytes:
        """See :class:`WatchedSource`."""
        deadline = self._line.now_s() + TIMEOUT_S
        try:
            while len(self._rest) < n:
                self._rest += self._line.read(max(deadline - self._line.now_s(), 0.0))
        except (NoAnswer, ConnectionFailed) as error:
            raise type(error)(f"{self.name}: has no random bytes left ({error})") from None
        data, self._rest = self._rest[:n], self._rest[n:]
        return data

    def identify(self) -> Identity:
        """Name the device by its address: it says nothing itself, so only a model in this process is known."""
        address = self._line.address
        return Identity("", address, EMULATED_MARK if address.startswith("mem:") else "")

    def hang_up(self) -> None:
        """Close the device."""
        self._line.close()

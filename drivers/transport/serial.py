"""A serial port, real or pseudo-terminal, through pyserial."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

import serial

from drivers.errors import AddressError, ConnectionFailed, NoAnswer
from drivers.transport.base import RealTime

CHUNK = 2**16
OPTIONS: dict[str, Callable[[str], Any]] = {
    "baudrate": int,
    "rtscts": lambda text: text in ("1", "true"),
    "stopbits": float,
}


class SerialTransport(RealTime):
    """An open serial port.

    Parameters
    ----------
    device : str
        Such as ``/dev/ttyACM0``.
    options : dict of str to str
        ``baudrate``, ``rtscts``, ``stopbits``.

    Raises
    ------
    AddressError
        If an option is not known, or its value makes no sense.
    ConnectionFailed
        If the port cannot be opened.
    """

    def __init__(self, device: str, options: dict[str, str]) -> None:
        self.address = f"serial://{device}"
        if unknown := sorted(set(options) - set(OPTIONS)):
            raise AddressError(f"{self.address}: option {unknown[0]!r} is not one of {', '.join(OPTIONS)}")
        chosen = {name: self._option(name, text) for name, text in options.items()}
        try:
            self._port = serial.Serial(device, timeout=0, exclusive=True, **chosen)
        except (serial.SerialException, ValueError) as error:
            raise ConnectionFailed(
                f"{self.address}: cannot be opened ({error}); check the cable, the name of the port, and that no "
                "other program holds it"
            ) from None

    def _option(self, name: str, text: str) -> Any:
        try:
            return OPTIONS[name](text)
        except ValueError:
            raise AddressError(f"{self.address}: {text!r} is no value for the option {name!r}") from None

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            self._port.write(data)
        except serial.SerialException as error:
            raise ConnectionFailed(f"{self.address}: the line went dead ({error})") from None

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        data = self._come(timeout_s)
        if not data:
            raise NoAnswer(f"{self.address}: no answer within {timeout_s:g} s")
        return data

    def waiting(self) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            return self._come(0.0)
        except ConnectionFailed:
            # The line is dead, which the next word on it will tell.
            return b""

    def _come(self, timeout_s: float) -> bytes:
        """Take what has come: of a fast stream a read brings little, so each has to be cheap."""
        try:
            if not select.select([self._port], [], [], max(timeout_s, 0.0))[0]:
                return b""
            data = os.read(self._port.fileno(), CHUNK)
        except (serial.SerialException, OSError, ValueError, TypeError) as error:
            raise ConnectionFailed(f"{self.address}: the line went dead ({error})") from None
        if not data:
            raise ConnectionFailed(f"{self.address}: the line went dead (it was unplugged)")
        return data

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._port.close()

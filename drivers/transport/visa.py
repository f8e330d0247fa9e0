"""Whatever a VISA library reaches, through PyVISA (loaded only when an address asks for it)."""

from __future__ import annotations

from typing import Any

from drivers.errors import AddressError, ConnectionFailed, NoAnswer
from drivers.transport.base import RealTime

LINE_END = "\n"
"""Where one read ends: USBTMC has ends of messages of its own, sockets and serial ports need to be told."""


class VisaTransport(RealTime):
    """An open VISA resource.

    Parameters
    ----------
    resource : str
        VISA resource name, such as ``TCPIP0::192.0.2.1::5025::SOCKET``.
    backend : str
        PyVISA's name of the VISA library; empty for the installed one, ``@py`` for PyVISA-py.

    Raises
    ------
    AddressError
        If there is no VISA library.
    ConnectionFailed
        If the resource cannot be opened.
    """

    def __init__(self, resource: str, backend: str = "") -> None:
        import pyvisa

        self.address = f"visa://{resource}"
        try:
            manager = pyvisa.ResourceManager(backend)
        except (OSError, ValueError) as error:
            raise AddressError(
                f"{self.address}: no VISA library can be used ({error}); install the vendor's, or pyvisa-py "
                "and add ?backend=@py"
            ) from None
        try:
            self._resource: Any = manager.open_resource(resource, read_termination=LINE_END)
        except Exception as error:
            # PyVISA-py lets the errors of pyserial and of sockets through.
            raise ConnectionFailed(f"{self.address}: cannot be opened ({error})") from None
        self._slow = pyvisa.constants.StatusCode.error_timeout
        self._visa_error = pyvisa.errors.VisaIOError

    def write(self, data: bytes) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        try:
            self._resource.write_raw(data)
        except Exception as error:
            raise ConnectionFailed(f"{self.address}: the line went dead ({error})") from None

    def read(self, timeout_s: float) -> bytes:
        """See :class:`~drivers.transport.base.Transport`."""
        self._resource.timeout = max(round(timeout_s * 1000), 1)
        try:
            data: bytes = self._resource.read_raw()
        except Exception as error:
            if isinstance(error, self._visa_error) and error.error_code == self._slow:
                raise NoAnswer(f"{self.address}: no answer within {timeout_s:g} s") from None
            raise ConnectionFailed(f"{self.address}: the line went dead ({error})") from None
        return data

    def close(self) -> None:
        """See :class:`~drivers.transport.base.Transport`."""
        self._resource.close()

"""From an address to an open transport."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from drivers.errors import AddressError
from drivers.transport.base import Transport
from drivers.transport.dialogue import ReplayTransport, TapTransport
from drivers.transport.memory import MemoryTransport, Models
from drivers.transport.sdk import RecordingPlace, SdkTransport

FORMS = "tcp://HOST:PORT, serial:///dev/PORT, visa://RESOURCE, zmq://HOST:PORT, file:///dev/NAME or mem:NAME"
NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


def open_transport(
    address: str,
    models: Models | None = None,
    *,
    pattern: str = "req",
    serial: Mapping[str, str] = NO_OPTIONS,
) -> Transport:
    """Open the line that an address names; see :mod:`drivers.transport` for the forms.

    Parameters
    ----------
    address : str
    models : Models, optional
        What ``mem:`` addresses lead to.
    pattern : {"req", "pair"}
        Socket pattern of a ZeroMQ address; the driver knows it.
    serial : mapping of str to str
        Options of a serial address that it does not name itself; the driver knows these too.

    Raises
    ------
    AddressError
        If the address makes no sense.
    ConnectionFailed
        If nothing answers there.
    """
    if address.startswith("mem:"):
        return _memory(address.removeprefix("mem:"), models or Models({}))
    if address.startswith("tap:"):
        path, _, rest = address.removeprefix("tap:").partition(",")
        return TapTransport(open_transport(rest, models, pattern=pattern, serial=serial), path)
    if address.startswith("sdk:"):
        return SdkTransport(address.removeprefix("sdk:"))
    if address.startswith("recording:"):
        return RecordingPlace(address.removeprefix("recording:"))
    if address.startswith("replay:"):
        return ReplayTransport(address.removeprefix("replay:"))
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    match parts.scheme:
        case "tcp":
            from drivers.transport.tcp import TcpTransport

            return TcpTransport(*_host_and_port(address))
        case "zmq":
            from drivers.transport.zeromq import ZeroMqTransport

            return ZeroMqTransport(*_host_and_port(address), pattern)
        case "serial":
            from drivers.transport.serial import SerialTransport

            return SerialTransport(unquote(parts.path), {**serial, **options})
        case "file":
            from drivers.transport.file import FileTransport

            return FileTransport(unquote(parts.path))
        case "visa":
            from drivers.transport.visa import VisaTransport

            resource = address.removeprefix("visa://").partition("?")[0]
            return VisaTransport(resource, options.get("backend", ""))
    raise AddressError(f"{address!r} is not an address; it should look like {FORMS}")


def _memory(name: str, models: Models) -> Transport:
    if name not in models.ports:
        known = ", ".join(f"mem:{each}" for each in sorted(models.ports)) or "none"
        raise AddressError(f"mem:{name}: there is no such model here; there are: {known}")
    return MemoryTransport(name, models.ports[name], models.clock)


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or not port:
        raise AddressError(f"{address!r} needs a host and a port, such as {parts.scheme}://192.0.2.1:5025")
    return parts.hostname, port

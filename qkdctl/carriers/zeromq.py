"""ZeroMQ: ``ipc`` between the processes of a node, TCP under CURVE between nodes.

CURVE keeps strangers out and outsiders from reading; it is no part of the security argument, which rests
on the Wegman-Carter tags over what is said.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

import zmq
from zmq.auth.thread import ThreadAuthenticator

from qkdctl.errors import PeerLostError
from qkdctl.ports import ports_apart

HIGH_WATER = 256
"""Packets in a socket's queue; more are dropped and sent again by the link."""

LAST_WORDS_MS = 200
"""What was said last may still go out for so long after a socket is closed."""

MAX_PACKET = 2**30

DOMAIN = "qkdctl"
"""What the doorkeeper is asked about."""


Context = zmq.Context[zmq.Socket[bytes]]


def new_context() -> Context:
    """Give a process's own ZeroMQ context; a context manager, which closes what is open."""
    return zmq.Context()


class CannotOpen(PeerLostError):
    """A socket cannot be opened at an address."""


@dataclass(frozen=True)
class Curve:
    """Keys of one end, in ZeroMQ's Z85 text.

    Attributes
    ----------
    public, secret : bytes
        This end's pair.
    peer : bytes
        The other end's public key: nobody else is let in.
    """

    public: bytes
    secret: bytes
    peer: bytes

    def __repr__(self) -> str:
        return f"<CURVE keys of {self.public.decode()}>"


def new_curve_pair() -> tuple[str, str]:
    """Give a fresh public and secret key, in Z85."""
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


class ZeroMqCarrier:
    """One end, on a DEALER socket.

    Parameters
    ----------
    context : zmq.Context
    address : str
        ZeroMQ endpoint. A TCP port of ``*`` is any that is free, and that another end can find again after a restart;
        :attr:`endpoint` says which.
    bind : bool
        Whether this end waits for the other.
    curve : Curve, optional
        For TCP.
    """

    def __init__(self, context: Context, address: str, *, bind: bool, curve: Curve | None = None) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, LAST_WORDS_MS)
        self.socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        self.socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_PACKET)
        if curve:
            self._secure(curve, bind)
        try:
            self._bind(address) if bind else self.socket.connect(address)
        except zmq.ZMQError as error:
            self.socket.close()
            raise CannotOpen(
                f"{address}: cannot {'listen' if bind else 'connect'} there: {error.strerror}"
            ) from None
        self.endpoint = str(self.socket.getsockopt_string(zmq.LAST_ENDPOINT)).rstrip("\0")

    def send(self, packet: bytes) -> None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        try:
            self.socket.send(packet, zmq.NOBLOCK)
        except zmq.Again:
            return

    def receive(self) -> bytes | None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        try:
            return self.socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def close(self) -> None:
        """See :class:`~qkdctl.carriers.base.Carrier`."""
        self.socket.close()

    def _bind(self, address: str) -> None:
        place, any_port, rest = address.rpartition(":*")
        if not any_port or rest:
            self.socket.bind(address)
            return
        for port in ports_apart():
            try:
                self.socket.bind(f"{place}:{port}")
            except zmq.ZMQError as error:
                if error.errno not in (zmq.EADDRINUSE, errno.EACCES):
                    raise
            else:
                return
        raise zmq.ZMQError(zmq.EADDRINUSE)

    def _secure(self, curve: Curve, bind: bool) -> None:
        self.socket.curve_publickey = curve.public
        self.socket.curve_secretkey = curve.secret
        if bind:
            self.socket.curve_server = True
            self.socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN.encode())
            # Without this, ZeroMQ lets everybody in where no doorkeeper answers.
            self.socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        else:
            self.socket.curve_serverkey = curve.peer


class Doorkeeper:
    """Lets one public key in at a context's CURVE sockets, and nobody else."""

    def __init__(self, context: Context, peer: bytes) -> None:
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(DOMAIN, _OneKey(peer))

    def close(self) -> None:
        """Stop asking; nobody is let in any more."""
        self._authenticator.stop()


class _OneKey:
    """What ZeroMQ's authenticator asks about keys."""

    def __init__(self, peer: bytes) -> None:
        self._peer = peer

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether a key, in Z85, may come in."""
        return key == self._peer


class Announcer:
    """Tells whoever listens; what nobody takes in time is gone.

    Parameters
    ----------
    context : zmq.Context
    address : str
    bind : bool
        False where many announcers tell one listener.
    """

    def __init__(self, context: Context, address: str, *, bind: bool) -> None:
        self._socket = context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        if bind:
            self._socket.bind(address)
        else:
            self._socket.connect(address)

    def tell(self, data: bytes) -> None:
        """Say something."""
        self._socket.send(data)

    def close(self) -> None:
        """Stop talking."""
        self._socket.close()


class Listener:
    """Hears announcers; see :class:`Announcer`."""

    def __init__(self, context: Context, address: str, *, bind: bool) -> None:
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 10 * HIGH_WATER)
        self.socket.setsockopt(zmq.SUBSCRIBE, b"")
        if bind:
            self.socket.bind(address)
        else:
            self.socket.connect(address)

    def hear(self) -> bytes | None:
        """Give the next thing said; None where nothing was."""
        try:
            return self.socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def close(self) -> None:
        """Stop listening."""
        self.socket.close()


class Waiter:
    """Waits until any of several sockets has something, or a time has passed."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()

    def add(self, socket: zmq.Socket[bytes]) -> None:
        """Watch one more."""
        self._poller.register(socket, zmq.POLLIN)

    def wait(self, seconds: float) -> None:
        """Wait at most so long."""
        self._poller.poll(max(round(seconds * 1000), 0))

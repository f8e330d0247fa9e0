"""What all drivers are made of: a lock, a line that is opened again when it was lost, a safe end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from types import MappingProxyType, TracebackType
from typing import ClassVar, Self, TypeVar

from drivers.errors import BadAnswer, ConnectionFailed, DriverError, NoAnswer
from drivers.identity import Finding, Identity
from drivers.transport.base import Transport

#: Opens the line to one of an instrument's ports.
Connect = Callable[[str], Transport]

T = TypeVar("T")


class BaseInstrument:
    """An instrument behind one or more lines.

    Parameters
    ----------
    name : str
        How people call it; every error begins with it.
    connect : callable
        Opens a line to a port.

    Attributes
    ----------
    PORTS : tuple of str
        Names of its ports; the first is the one that questions go to.
    PATTERNS : mapping of str to str
        Socket pattern of those that speak ZeroMQ.
    SERIAL : mapping of str to str
        Options of its serial port, where the address names none.
    """

    PORTS: ClassVar[tuple[str, ...]] = ("main",)
    PATTERNS: ClassVar[Mapping[str, str]] = MappingProxyType({})
    SERIAL: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, name: str, connect: Connect) -> None:
        self.name = name
        self.lock = RLock()
        self._connect = connect
        self._identity: Identity | None = None
        self._closed = False

    def identity(self) -> Identity:
        """Tell who it is; see :class:`drivers.roles.Instrument`."""
        with self.lock:
            if self._identity is None:
                self._identity = self.identify()
            return self._identity

    def identify(self) -> Identity:
        """Ask who it is."""
        raise NotImplementedError

    def self_test(self) -> list[Finding]:
        """See :class:`drivers.roles.Instrument`."""
        raise NotImplementedError

    def make_safe(self) -> None:
        """See :class:`drivers.roles.Instrument`."""

    def hang_up(self) -> None:
        """Close all lines."""
        raise NotImplementedError

    def close(self) -> None:
        """Make it safe and let go of it.

        Raises
        ------
        DriverError
            If it could not be made safe: somebody has to go and look.
        """
        with self.lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.make_safe()
            except DriverError as error:
                raise type(error)(f"{error}; it was not left in a safe state, go and look") from None
            finally:
                self.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def close_all(instruments: Iterable[BaseInstrument]) -> list[DriverError]:
    """Close all, the last first, whatever fails on the way; give what did."""
    failures = []
    for instrument in reversed([*instruments]):
        try:
            instrument.close()
        except DriverError as error:
            failures.append(error)
    return failures


class AskedInstrument(BaseInstrument):
    """An instrument that answers questions on one line, in their order.

    A lost line is opened once more before an error is raised. After an answer that did not come, or made no
    sense, the line is brought to order first: whatever comes late must not pass for the answer to the next
    question.
    """

    TIMEOUT_S: ClassVar[float] = 5.0

    def __init__(self, name: str, connect: Connect) -> None:
        super().__init__(name, connect)
        self._line: Transport | None = None
        self._suspect = False
        self._opening = False
        try:
            self.identity()
            self.prepare()
        except BaseException:
            self.hang_up()
            raise

    def prepare(self) -> None:
        """Do what has to be done once it is known to be the right instrument."""

    def settle(self) -> None:
        """Wait until what was set has taken effect."""

    def ask(self, command: str) -> str:
        """Send a query and give the answer.

        Raises
        ------
        NoAnswer, BadAnswer, ConnectionFailed
            Naming the instrument and the question.
        """
        return self._in_order(command, lambda line: self.exchange(line, command))

    def tell(self, command: str) -> None:
        """Send a command, and check that it was accepted."""
        raise NotImplementedError

    def exchange(self, line: Transport, command: str) -> str:
        """Send one question and read its answer."""
        raise NotImplementedError

    def begin(self, line: Transport) -> None:
        """Prepare to speak on a new line."""

    def strays(self, line: Transport) -> bool:
        """Tell whether something has come that nobody asked for: it must not pass for an answer."""
        return bool(line.waiting())

    def synchronise(self, line: Transport) -> None:
        """Skip what is late: whatever is read after this answers what is asked after this."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Close the line."""
        if self._line is not None:
            self._line.close()
        self._line = None

    def _in_order(self, what: str, say: Callable[[Transport], T]) -> T:
        """Say something on a line that is in order; if the line turns out to be lost, say it all on a new one."""
        with self.lock:
            was_open = self._line is not None
            try:
                return self._attempt(what, say)
            except ConnectionFailed as error:
                self.hang_up()
                if self._opening or not was_open:
                    raise ConnectionFailed(f"{self.name}: {error}") from None
            try:
                return self._attempt(what, say)
            except ConnectionFailed as error:
                self.hang_up()
                raise ConnectionFailed(f"{self.name}: {error}") from None

    def _attempt(self, what: str, say: Callable[[Transport], T]) -> T:
        try:
            line = self._ready_line()
            self._suspect = True
            said = say(line)
        except NoAnswer as error:
            raise NoAnswer(
                f"{self.name}: gave no answer to {what!r}; check that it is on ({error})"
            ) from None
        except BadAnswer as error:
            raise BadAnswer(
                f"{self.name}: answered {what!r} strangely; check that it is right ({error})"
            ) from None
        self._suspect = False
        return said

    def _ready_line(self) -> Transport:
        if self._line is None:
            self._line = self._connect(self.PORTS[0])
            self.begin(self._line)
            self._check_identity()
        if self._suspect or self.strays(self._line):
            self._bring_to_order(self._line)
        if self._line is None:
            raise ConnectionFailed("the line went dead")
        return self._line

    def _check_identity(self) -> None:
        """Make sure that a line opened again leads to the same instrument."""
        if self._identity is None:
            return
        self._opening = True
        try:
            found = self.identify()
        finally:
            self._opening = False
        if found != self._identity:
            self.hang_up()
            raise BadAnswer(f"was {self._identity} and is {found} now; check what is plugged in where")

    def _bring_to_order(self, line: Transport) -> None:
        try:
            self.synchronise(line)
        except (NoAnswer, BadAnswer):
            self.hang_up()
            raise
        self._suspect = False

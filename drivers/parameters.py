"""Declared parameters: one descriptor says unit, range, access and how the instrument takes and tells it.

A driver is then mostly its table::

    class Attenuator(ScpiInstrument):
        attenuation_db = Parameter(
            "Attenuation, offset included.", unit="dB", get=":INP:ATT?", put=":INP:ATT {}",
            low=0, high=60, tolerance=0.05,
        )

Reading asks the instrument. Writing checks kind and range before anything is sent, sends, and reads back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, Generic, Protocol, TypeVar, overload

from drivers.errors import BadAnswer, LimitError, NotTaken

V = TypeVar("V")


class Speaks(Protocol):
    """What a parameter needs of its instrument."""

    name: str

    def ask(self, command: str) -> str:
        """Send a query and give the answer."""
        ...

    def tell(self, command: str) -> None:
        """Send a command, and check that it was accepted."""
        ...

    def settle(self) -> None:
        """Wait until what was set has taken effect."""
        ...


def finite(text: str) -> float:
    """Parse a number, and refuse what stands for none: SCPI says 9.9E37 for infinite and 9.91E37 for not a number."""
    value = float(text)
    if not isfinite(value) or abs(value) >= 9.9e37:
        raise ValueError(text)
    return value


def _on_or_off(text: str) -> bool:
    return {"1": True, "ON": True, "0": False, "OFF": False}[text.strip().upper()]


def _one_or_zero(value: bool) -> str:
    return "1" if value else "0"


class Parameter(Generic[V]):
    """One parameter of an instrument.

    Parameters
    ----------
    doc : str
        What it is, in one sentence.
    unit : str
        Its unit, as it stands in the attribute's name; empty for none.
    kind : type
        Of the value: float, int, bool or str, or tuple for several numbers.
    get : str or None
        Query; None where it cannot be read.
    put : str or None
        Command, with ``{}`` where the value goes; None where it cannot be set.
    low, high : float, optional
        Range of each number, inclusive, in the parameter's unit.
    choices : tuple of str
        What a text may be; empty for anything.
    tolerance : float, optional
        How far a number read back may lie from the one that was set; None reads nothing back.
    parse, show : callable
        From the instrument's text to the value, and back.
    settles : bool
        The instrument needs time after it took the value; wait for it before reading back.
    """

    def __init__(
        self,
        doc: str,
        *,
        unit: str,
        get: str | None,
        put: str | None = None,
        kind: type = float,
        low: float | None = None,
        high: float | None = None,
        choices: tuple[str, ...] = (),
        tolerance: float | None = 0.0,
        parse: Callable[[str], V] = finite,  # type: ignore[assignment]
        show: Callable[[V], str] = str,
        settles: bool = False,
    ) -> None:
        self.__doc__ = doc
        self.unit, self.kind, self.choices = unit, kind, choices
        self.low, self.high, self.tolerance = low, high, tolerance
        self._get, self._put, self._settles = get, put, settles
        self._parse, self._show = parse, show
        self.name = ""

    @property
    def readable(self) -> bool:
        """Whether the instrument tells it."""
        return self._get is not None

    @property
    def writable(self) -> bool:
        """Whether the instrument takes it."""
        return self._put is not None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instrument: None, owner: type) -> Parameter[V]: ...
    @overload
    def __get__(self, instrument: Speaks, owner: type) -> V: ...
    def __get__(self, instrument: Speaks | None, owner: type) -> Parameter[V] | V:
        if instrument is None:
            return self
        if self._get is None:
            raise AttributeError(f"{self.name} of {instrument.name} cannot be read")
        answer = instrument.ask(self._get)
        try:
            return self._parse(answer)
        except (ValueError, TypeError, KeyError, IndexError):
            raise BadAnswer(
                f"{instrument.name}: asked for {self.name} by {self._get!r}, it answered {answer[:60]!r}, which makes "
                "no sense; check that this is the right driver for the instrument and its firmware"
            ) from None

    def __set__(self, instrument: Speaks, value: V) -> None:
        if self._put is None:
            raise AttributeError(f"{self.name} of {instrument.name} cannot be set")
        self.check(instrument.name, value)
        instrument.tell(self._put.format(self._show(value)))
        if self._settles:
            instrument.settle()
        if self._get is not None and self.tolerance is not None:
            self._compare(instrument, value)

    def check(self, name: str, value: Any) -> None:
        """Raise LimitError if the value is of the wrong kind or outside of the range."""
        several = isinstance(value, list | tuple)
        fits = all(map(self._fits, value if several else (value,)))
        if several is not (self.kind is tuple) or not fits:
            raise LimitError(f"{name}: {self.name} must be {self.allowed()}, got {value!r}; nothing was sent")

    def allowed(self) -> str:
        """Say in words what is allowed."""
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "one of " + ", ".join(self.choices) if self.choices else "a text"
        number = {float: "a number", int: "a whole number", tuple: "numbers"}[self.kind]
        low, high = ("" if bound is None else f"{bound:g}" for bound in (self.low, self.high))
        span = (
            f" from {low} to {high}" if low and high else f" of at least {low}" if low else f" up to {high}"
        )
        return f"{number}{span if low or high else ''} {self.unit}".rstrip()

    def _fits(self, value: Any) -> bool:
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if self.kind is str or isinstance(value, str):
            return self.kind is str and isinstance(value, str) and value in (self.choices or (value,))
        wanted = int if self.kind is int else int | float
        return isinstance(value, wanted) and isfinite(value) and self._in_range(value)

    def _in_range(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def _compare(self, instrument: Speaks, value: V) -> None:
        found = self.__get__(instrument, type(instrument))
        if not _same(value, found, self.tolerance or 0.0):
            raise NotTaken(
                f"{instrument.name}: {self.name} was set to {value} {self.unit} and reads {found}; look at the "
                "instrument's limits and interlocks"
            )


def switch(doc: str, *, get: str | None, put: str | None = None) -> Parameter[bool]:
    """Declare a parameter that is on or off: 1 and 0 to the instrument, ON and OFF from it as well."""
    return Parameter(doc, unit="", get=get, put=put, kind=bool, parse=_on_or_off, show=_one_or_zero)


def _same(wanted: Any, found: Any, tolerance: float) -> bool:
    if isinstance(wanted, list | tuple):
        pairs = zip(wanted, found, strict=False)
        return len(wanted) == len(found) and all(_same(one, other, tolerance) for one, other in pairs)
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(float(found) - float(wanted)) <= tolerance
    return bool(wanted == found)


def parameters_of(kind: type) -> Iterator[Parameter[Any]]:
    """Give the parameters that a class of instruments declares, base classes first, in the order of writing."""
    seen: dict[str, Parameter[Any]] = {}
    for owner in reversed(kind.__mro__):
        seen.update({name: each for name, each in vars(owner).items() if isinstance(each, Parameter)})
    yield from seen.values()

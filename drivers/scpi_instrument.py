"""Drivers of instruments that speak SCPI (SCPI-99, IEEE 488.2)."""

from __future__ import annotations

from typing import ClassVar

from drivers.errors import BadAnswer, InstrumentError
from drivers.identity import Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.scpi_identity import identity_of
from drivers.transport.base import Transport

MAX_ERRORS = 64
NEXT_ERROR = ":SYST:ERR?"


class ScpiInstrument(LineInstrument):
    """An instrument with ``*IDN?``, ``*CLS`` and an error queue.

    Attributes
    ----------
    MODELS : tuple of str
        One of them must stand in the model's name.
    """

    MODELS: ClassVar[tuple[str, ...]] = ()

    def identify(self) -> Identity:
        """Ask ``*IDN?``: vendor, model, serial number and firmware, between commas."""
        return identity_of(self.name, self.ask("*IDN?"), *self.MODELS)

    def prepare(self) -> None:
        """Forget errors that somebody else made."""
        self.do("*CLS")

    def tell(self, command: str) -> None:
        """Send a command, and look into the error queue."""
        errors = self._in_order(command, lambda line: self._tell_on(line, command))
        if errors:
            raise InstrumentError(f"{self.name}: did not accept {command!r} and reports {'; '.join(errors)}")

    def errors(self) -> list[str]:
        """Empty the error queue."""
        return self._in_order(NEXT_ERROR, self._errors_on)

    def _tell_on(self, line: Transport, command: str) -> list[str]:
        self.send(line, command)
        return self._errors_on(line)

    def _errors_on(self, line: Transport) -> list[str]:
        found: list[str] = []
        while _code(text := self.exchange(line, NEXT_ERROR)) != 0:
            found.append(text)
            if len(found) > MAX_ERRORS:
                raise BadAnswer(f"errors without end, last {text[:60]!r}")
        return found

    def self_test(self) -> list[Finding]:
        """Report what is in the error queue."""
        if errors := self.errors():
            return [
                wrong(f"it had reported {'; '.join(errors)}", "see its manual; the errors are cleared now")
            ]
        return [fine("no errors in its queue")]

    def is_identification(self, line: bytes) -> bool:
        """Three commas and the model's name: no other answer of it has them."""
        return line.count(b",") == 3 and any(model.encode() in line for model in self.MODELS)


def _code(text: str) -> int:
    try:
        return int(text.partition(",")[0])
    except ValueError:
        raise BadAnswer(f"{text[:60]!r} is no entry of an error queue") from None

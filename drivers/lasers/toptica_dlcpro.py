"""Toptica DLC pro: diode laser controller, DeCoP on TCP port 1998.

Source: the vendor's Python package ``toptica-lasersdk`` (commands, names of parameters, the prompt, values). A
request is a Lisp-like expression; its answer is what comes before a line end and the prompt ``> ``;
``param-set!`` answers with a number, which is negative for an error.

Unverified: the text of errors beyond its first word, ``Error``; the range of the current, which depends on
the laser head, so the controller's own limit (``current-clip``) is read first.
"""

from __future__ import annotations

from drivers.codecs.lines import LineReader
from drivers.errors import BadAnswer, InstrumentError
from drivers.identity import Finding, Identity, fine, wrong
from drivers.line_instrument import LineInstrument
from drivers.parameters import Parameter
from drivers.transport.base import Transport

PROMPT = b"\n> "
DRIVER = "laser1:dl:cc"


def _get(name: str) -> str:
    return f"(param-ref '{name})"


def _put(name: str) -> str:
    return f"(param-set! '{name} {{}})"


def _truth(text: str) -> bool:
    return {"#t": True, "#f": False}[text.lower()]


class DlcPro(LineInstrument):
    """A DLC pro, with the laser head that it calls laser1."""

    current_limit_ma = Parameter[float](
        "Current that is never exceeded.", unit="mA", get=_get(f"{DRIVER}:current-clip")
    )
    current_ma = Parameter[float](
        "Set current of the laser diode.",
        unit="mA",
        get=_get(f"{DRIVER}:current-set"),
        put=_put(f"{DRIVER}:current-set"),
        low=0,
        high=1000,
        tolerance=0.01,
    )
    emitting = Parameter[bool](
        "Whether the current flows.",
        unit="",
        get=_get(f"{DRIVER}:enabled"),
        put=_put(f"{DRIVER}:enabled"),
        kind=bool,
        parse=_truth,
        show=lambda value: "#t" if value else "#f",
    )
    actual_current_ma = Parameter[float](
        "Current that flows, measured now.", unit="mA", get=_get(f"{DRIVER}:current-act")
    )
    temperature_c = Parameter[float](
        "Temperature of the laser diode.", unit="C", get=_get("laser1:dl:tc:temp-act")
    )
    interlock_open = Parameter[bool](
        "Whether its interlock is open.", unit="", get=_get("interlock-open"), kind=bool, parse=_truth
    )
    key_off = Parameter[bool](
        "Whether its key is turned off.", unit="", get=_get("frontkey-locked"), kind=bool, parse=_truth
    )

    def begin(self, line: Transport) -> None:
        """Skip the welcome."""
        self._reader = LineReader(line, PROMPT)
        self._reader.line(self.TIMEOUT_S)

    def answer(self, timeout_s: float | None = None) -> str:
        """Read up to the prompt."""
        answer = super().answer(timeout_s)
        if answer.lower().startswith("error"):
            raise InstrumentError(f"{self.name}: reports {answer[:80]}")
        return answer

    def synchronise(self, line: Transport) -> None:
        """Ask for its type, and skip what comes before the answer."""
        self._reader.drop()
        self.send(line, _get("system-type"))
        deadline = line.now_s() + self.TIMEOUT_S
        while b"DLC" not in self._reader.line(max(deadline - line.now_s(), 0.0)):
            pass

    def identify(self) -> Identity:
        """Ask for type, serial number and firmware."""
        names = ("system-type", "serial-number", "fw-ver")
        kind, serial, firmware = (self.ask(_get(name)).strip('"') for name in names)
        if "DLC" not in kind:
            raise BadAnswer(
                f"{self.name}: is {kind[:60]!r}, and this driver is for a DLC pro; check the address"
            )
        return Identity("Toptica", kind, serial, firmware)

    def tell(self, command: str) -> None:
        """Set a parameter; a refusal is a negative number."""
        answer = self.ask(command)
        if answer.startswith("-"):
            raise InstrumentError(f"{self.name}: did not accept {command!r} and reports {answer[:60]}")

    def make_safe(self) -> None:
        """Switch the laser off."""
        self.emitting = False

    def self_test(self) -> list[Finding]:
        """Look at the interlock, the key and its own opinion of itself."""
        found = []
        if self.interlock_open:
            found.append(wrong("its interlock is open", "close it: doors, plugs, and test again"))
        if self.key_off:
            found.append(wrong("its key is turned off", "turn the key at its front"))
        health = self.ask(_get("system-health-txt")).strip('"')
        if health.lower() not in ("ok", ""):
            found.append(wrong(f"it says of itself: {health}", "see its front panel"))
        state = "on" if self.emitting else "off"
        return [
            *found,
            fine(f"laser {state}, {self.current_ma:g} mA of at most {self.current_limit_ma:g} mA"),
        ]

"""What SCPI commands take and give (SCPI-99 volume 1; IEEE 488.2, 7.7): numbers, switches, words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)$")
_NOT_DECIMAL = re.compile(r"#(?:[hH]([0-9A-Fa-f]+)|[qQ]([0-7]+)|[bB]([01]+))$")
_BASES = (16, 8, 2)
_MULTIPLIERS = {"": 1.0, "P": 1e-12, "N": 1e-9, "U": 1e-6, "M": 1e-3, "K": 1e3, "MA": 1e6, "G": 1e9}


class ScpiError(Exception):
    """An entry of the error queue.

    Parameters
    ----------
    code : int
    """

    def __init__(self, code: int) -> None:
        self.code = code


@dataclass(frozen=True)
class Quantity:
    """A number that a command takes.

    Attributes
    ----------
    low, high, default : float
        MINimum, MAXimum and DEFault.
    unit : str
        Its unit, in capitals; empty for none.
    whole : bool
        Whether it is a whole number, and is told as one.
    """

    low: float
    high: float
    default: float
    unit: str = ""
    whole: bool = False

    def parse(self, text: str) -> float:
        """Take it from a parameter."""
        if (named := self.named(text)) is not None:
            return named
        value = self._number(text.strip())
        if not self.low <= value <= self.high:
            raise ScpiError(-222)
        return round(value) if self.whole else value

    def named(self, text: str) -> float | None:
        """Give the value of MIN, MAX or DEF."""
        words = {"MINIMUM": self.low, "MAXIMUM": self.high, "DEFAULT": self.default}
        return next(
            (value for word, value in words.items() if text.strip().upper() in (word, word[:3])), None
        )

    def told(self, parameters: list[str], value: float) -> float:
        """Give what a query asks for: the value, or with MIN, MAX or DEF what that would be."""
        if not parameters:
            return value
        named = self.named(one(parameters))
        if named is None:
            raise ScpiError(-104)
        return named

    def show(self, value: float) -> str:
        """Tell it."""
        return str(round(value)) if self.whole else scientific(value)

    def _number(self, text: str) -> float:
        if other := _NOT_DECIMAL.match(text):
            return float(
                next(int(digits, base) for digits, base in zip(other.groups(), _BASES, strict=True) if digits)
            )
        found = _NUMBER.match(text)
        if found is None:
            raise ScpiError(-104)
        return float(found[1]) * self._multiplier(found[2].upper())

    def _multiplier(self, suffix: str) -> float:
        if not suffix:
            return 1.0
        prefix = suffix.removesuffix(self.unit)
        if not self.unit or prefix == suffix or prefix not in _MULTIPLIERS:
            raise ScpiError(-131)
        return _MULTIPLIERS[prefix]


def spellings(part: str) -> frozenset[str]:
    """Give the short and the long form of a part, such as ``ATTenuation``."""
    return frozenset({"".join(c for c in part if not c.islower()).upper(), part.upper()})


def parse_switch(text: str) -> bool:
    """Take ON, OFF or a number."""
    if text.strip().upper() in ("ON", "OFF"):
        return text.strip().upper() == "ON"
    return bool(round(Quantity(-1e9, 1e9, 0).parse(text)))


def parse_word(text: str, *words: str) -> str:
    """Take one of some words, in short or long form; gives its short form, in capitals."""
    for word in words:
        if text.strip().upper() in spellings(word):
            return min(spellings(word), key=len)
    raise ScpiError(-224)


def one(parameters: list[str]) -> str:
    """Take the only parameter."""
    if not parameters:
        raise ScpiError(-109)
    if len(parameters) > 1:
        raise ScpiError(-108)
    return parameters[0]


def none(parameters: list[str]) -> None:
    """Take no parameter."""
    if parameters:
        raise ScpiError(-108)


def scientific(value: float) -> str:
    """Show a number as NR3 data."""
    return f"{value:+.8E}"


def split(text: str, mark: str) -> list[str]:
    """Cut a text at a mark, where it does not stand between quotes."""
    if '"' not in text and "'" not in text:
        return text.split(mark)
    parts, quote = [""], ""
    for each in text:
        quote = (each if each in "\"'" else "") if not quote else ("" if each == quote else quote)
        if each == mark and not quote:
            parts.append("")
        else:
            parts[-1] += each
    return parts

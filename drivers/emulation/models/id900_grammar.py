"""The language of the ID900: SCPI in ZeroMQ messages, each of which gets one answer.

Source: Time Controller Series user manual, section 8 (short and long forms, numeric suffixes, ``;`` to go on
at the same level and ``;:`` at the root, units with SI prefixes, TB for the time base of 1 ps). Answers are
those that MSL's and the vendor's Python code look for: ``Value set to …``, and the codes ``SCPI_ERR_…`` of the
JPA-SCPI parser. Invented: that the answers to a chain of commands are joined by ``;``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.emulation.models.scpi_values import spellings

INVALID_COMMAND, PARAMETER_TYPE, PARAMETER_COUNT = (
    "SCPI_ERR_INVALID_CMD", "SCPI_ERR_PARAM_TYPE", "SCPI_ERR_PARAM_COUNT",
)  # fmt: skip
_PREFIXES = {"": 1, "M": 1e-3, "U": 1e-6, "N": 1e-9, "K": 1e3, "G": 1e9, "T": 1e12}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([A-Z]*)$")


class Refused(Exception):
    """A command that is not obeyed.

    Parameters
    ----------
    code : str
    """

    def __init__(self, code: str) -> None:
        self.code = code


@dataclass(frozen=True)
class Setting:
    """Something that can be set and asked for.

    Attributes
    ----------
    default : str
        As the instrument shows it.
    choices : tuple of str
        Words that it may be, as in a manual; empty for a number.
    unit : str
        Of a number.
    low, high : float
        Of a number, in units.
    whole : bool
        Whether the number is shown without a fraction.
    bare : str
        What a command without a parameter means, which a manual underlines; empty if it needs one.
    short : bool
        Whether words are shown in their short forms.
    """

    default: str
    choices: tuple[str, ...] = ()
    unit: str = ""
    low: float = 0.0
    high: float = 2.0**63
    whole: bool = True
    bare: str = ""
    short: bool = False

    def take(self, text: str) -> str:
        """Take a parameter, and give what the instrument shows from now on."""
        for choice in self.choices:
            if text.upper() in spellings(choice):
                return min(spellings(choice), key=len) if self.short else choice.upper()
        if self.choices and self.unit != "n":
            raise Refused(PARAMETER_TYPE)
        value = self._number(text.upper())
        return f"{round(value)}{self._shown_unit}" if self.whole else f"{value:g}{self._shown_unit}"

    @property
    def _shown_unit(self) -> str:
        return "" if self.unit in ("n", "MS") else self.unit

    def _number(self, text: str) -> float:
        found = _NUMBER.match(text)
        if found is None:
            raise Refused(PARAMETER_TYPE)
        prefix = found[2].removesuffix(self.unit) if found[2] else ""
        if prefix not in _PREFIXES or (found[2] and not found[2].endswith(self.unit)):
            raise Refused(PARAMETER_TYPE)
        value = float(found[1]) * _PREFIXES[prefix]
        if not self.low <= value <= self.high:
            raise Refused(PARAMETER_TYPE)
        return value


#: Does something, given the number in the header (0 for none) and the time; gives the answer.
Action = Callable[[int, float], str]


@dataclass(frozen=True)
class _Leaf:
    parts: tuple[tuple[frozenset[str], int], ...]
    query: bool
    name: str


class Grammar:
    """What an instrument understands.

    Parameters
    ----------
    settings : dict of str to Setting
        By header as in the manual; ``#4`` stands for a number from 1 to 4.
    actions : dict of str to Action
        Commands without a parameter, and queries (which end with ``?``).
    """

    def __init__(self, settings: dict[str, Setting], actions: dict[str, Action]) -> None:
        self._settings, self._actions = settings, actions
        self._values: dict[tuple[str, int], str] = {}
        self._leaves = [_leaf(name) for name in (*actions, *settings, *(f"{name}?" for name in settings))]

    def value(self, name: str, number: int = 0) -> str:
        """Tell a setting."""
        return self._values.get((name, number), self._settings[name].default)

    def set(self, name: str, text: str, number: int = 0) -> None:
        """Change a setting."""
        self._values[name, number] = self._settings[name].take(text)

    def reset(self) -> None:
        """Set everything as in a new instrument."""
        self._values.clear()

    def run(self, message: str, now_s: float) -> str:
        """Execute a message and give its answer."""
        answers, path = [], list[str]()
        for unit in message.split(";"):
            if unit.strip():
                try:
                    answer, path = self._run_one(unit.strip(), path, now_s)
                except Refused as refused:
                    answer = f"{unit.strip()}: {refused.code}"
                answers.append(answer)
        return ";".join(answers)

    def _run_one(self, unit: str, path: Sequence[str], now_s: float) -> tuple[str, list[str]]:
        header, _, rest = unit.partition(" ")
        own = [part for part in header.rstrip("?").split(":") if part]
        full = own if header.startswith((":", "*")) else [*path, *own]
        name, number = self._find(full, header.endswith("?"))
        return self._do(name, number, rest.strip(), now_s), full[:-1]

    def _do(self, name: str, number: int, text: str, now_s: float) -> str:
        if name in self._actions:
            if text:
                raise Refused(PARAMETER_COUNT)
            return self._actions[name](number, now_s)
        if name.endswith("?"):
            return self.value(name.removesuffix("?"), number)
        text = text or self._settings[name].bare
        if not text:
            raise Refused(PARAMETER_COUNT)
        self.set(name, text, number)
        return f"Value set to {self.value(name, number)}"

    def _find(self, parts: list[str], query: bool) -> tuple[str, int]:
        for leaf in self._leaves:
            if leaf.query == query and (number := _number_in(leaf, parts)) is not None:
                return leaf.name, number
        raise Refused(INVALID_COMMAND)


def _leaf(name: str) -> _Leaf:
    parts = []
    for part in name.removesuffix("?").split(":"):
        word, _, most = part.partition("#")
        parts.append((spellings(word), int(most or 0)))
    return _Leaf(tuple(parts), name.endswith("?"), name)


def _number_in(leaf: _Leaf, parts: list[str]) -> int | None:
    """Give the number in a header if it is this leaf's; 0 if it needs none."""
    if len(parts) != len(leaf.parts):
        return None
    number = 0
    for (names, most), part in zip(leaf.parts, parts, strict=True):
        word = part.upper().rstrip("0123456789")
        digits = part[len(word) :]
        if word not in names or bool(digits) != bool(most) or (most and not 1 <= int(digits) <= most):
            return None
        number = int(digits) if most else number
    return number

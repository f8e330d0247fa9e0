"""SCPI instruments (SCPI-99 volume 1; IEEE 488.2), as forgiving and as strict as they are.

Headers in short or long form and nothing between, in any case; a colon for the root; ``;`` to go on at
the same level and ``;:`` at the root; an error ends the message in which it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import QuietLine
from drivers.emulation.models.scpi_headers import Handler, Tree
from drivers.emulation.models.scpi_status import ScpiStatus
from drivers.emulation.models.scpi_values import ScpiError, split
from drivers.transport.memory import Replies


class ScpiEngine:
    """One instrument's tree, error queue and registers.

    Parameters
    ----------
    commands : mapping of str to Handler
        Its headers; those that every instrument has come with the engine.
    positive_sign : bool
        Whether error 0 is shown as ``+0``.
    """

    def __init__(self, commands: Mapping[str, Handler], *, positive_sign: bool = True) -> None:
        self._tree = Tree()
        self._status = ScpiStatus("+0" if positive_sign else "0")
        for header, handler in (dict(self._status.commands()) | dict(commands)).items():
            self._tree.add(header, handler)

    def run(self, message: str, now_s: float) -> str | None:
        """Execute a message of one or more commands; give the answers, joined by ``;``."""
        answers = []
        path: list[str] = []
        for unit in split(message, ";"):
            if not (unit := unit.strip()):
                continue
            try:
                answer, path = self._run_one(unit, path, now_s)
            except ScpiError as error:
                self.report(error.code)
                break
            if answer is not None:
                answers.append(answer)
        return ";".join(answers) if answers else None

    def report(self, code: int) -> None:
        """Put an error into the queue."""
        self._status.report(code)

    def _run_one(self, unit: str, path: list[str], now_s: float) -> tuple[str | None, list[str]]:
        header, *rest = unit.split(None, 1)
        query = header.endswith("?")
        parts = [part for part in header.rstrip("?").upper().split(":") if part]
        common = header.startswith("*")
        if not parts or header.count("?") > 1:
            raise ScpiError(-102)
        full = parts if common or header.startswith(":") else path + parts
        parameters = [each.strip() for each in split(rest[0], ",")] if rest else []
        return self._tree.find(full, query)(parameters, now_s), (path if common else full[:-1])


class ScpiLine(QuietLine):
    """A line on which an engine is spoken to.

    Parameters
    ----------
    engine : ScpiEngine
    latency_s : float
        Time from a question to its answer.
    end : bytes
        What ends an answer.
    """

    def __init__(self, engine: ScpiEngine, latency_s: float = 0.0005, end: bytes = b"\n") -> None:
        self._engine, self._latency_s, self._end = engine, latency_s, end
        self._splitter = LineSplitter(b"\n")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        replies = []
        for line in self._splitter.feed(data):
            answer = self._engine.run(line.decode("ascii", "replace"), now_s)
            if answer is not None:
                replies.append((now_s + self._latency_s, answer.encode("ascii", "replace") + self._end))
        return replies

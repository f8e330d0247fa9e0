"""Numbers that a SCPI instrument takes, keeps and tells, and that change nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_values import Quantity, one


class Settings:
    """Some of them.

    Parameters
    ----------
    quantities : mapping of str to Quantity
        By their headers.
    """

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        self._quantities = dict(quantities)
        self._values: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """Set all to their defaults."""
        self._values = {header: quantity.default for header, quantity in self._quantities.items()}

    def value(self, header: str) -> float:
        """Give what one is set to."""
        return self._values[header]

    def commands(self) -> dict[str, Handler]:
        """Give a command and a query for each."""
        setters = {header: self._setter(header) for header in self._quantities}
        return setters | {f"{header}?": self._reader(header) for header in self._quantities}

    def put(self, header: str, parameters: list[str]) -> None:
        """Set one."""
        text = one(parameters)
        switch = {"ON": "1", "OFF": "0"} if self._quantities[header].whole else {}
        self._values[header] = self._quantities[header].parse(switch.get(text.upper(), text))

    def _setter(self, header: str) -> Handler:
        return lambda parameters, _: self.put(header, parameters)

    def _reader(self, header: str) -> Handler:
        quantity = self._quantities[header]
        return lambda parameters, _: quantity.show(quantity.told(parameters, self._values[header]))

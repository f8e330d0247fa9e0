"""Register groups of a SCPI instrument's status (SCPI-99 volume 2, 20): condition, event, filters, enable."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulation.models.scpi_headers import Handler
from drivers.emulation.models.scpi_settings import Settings
from drivers.emulation.models.scpi_values import Quantity, none

WORD = 0xFFFF
MASKS = {"ENABle": 0, "PTRansition": WORD, "NTRansition": 0}


class RegisterGroup:
    """One of them.

    Parameters
    ----------
    name : str
        Such as ``MEASurement``.
    condition : callable
        Gives the condition's bits at a time.
    """

    def __init__(self, name: str, condition: Callable[[float], int] = lambda now_s: 0) -> None:
        self._name, self._condition = name, condition
        masks = {
            f"STATus:{name}:{each}": Quantity(0, WORD, default, whole=True) for each, default in MASKS.items()
        }
        self._masks = Settings(masks)
        self._before = self._event = 0

    def commands(self) -> dict[str, Handler]:
        """Give its headers; ``STATus:PRESet`` is every group's."""
        return self._masks.commands() | {
            f"STATus:{self._name}:CONDition?": lambda p, now_s: str(self._look(now_s)),
            f"STATus:{self._name}[:EVENt]?": self._take,
            f"STATus:{self._name}:PRESet": self.preset,
        }

    def preset(self, parameters: list[str], now_s: float) -> None:
        """Set its masks to their defaults."""
        none(parameters)
        self._masks.reset()

    def _look(self, now_s: float) -> int:
        now = self._condition(now_s)
        rising, falling = (
            round(self._masks.value(f"STATus:{self._name}:{each}")) for each in ("PTRansition", "NTRansition")
        )
        self._event |= (now & ~self._before & rising) | (~now & self._before & falling)
        self._before = now
        return now

    def _take(self, parameters: list[str], now_s: float) -> str:
        """What came true since the last look is an event, and so is what is true at the first."""
        self._look(now_s)
        event, self._event = self._event, 0
        return str(event)


def groups(*them: RegisterGroup) -> dict[str, Handler]:
    """Give the headers of several groups, and the one that presets them all."""
    commands: dict[str, Handler] = {}
    for group in them:
        commands |= group.commands()

    def preset(parameters: list[str], now_s: float) -> None:
        for group in them:
            group.preset(parameters, now_s)

    return commands | {"STATus:PRESet": preset}

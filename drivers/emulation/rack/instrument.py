"""The hosts of one instrument of the rack."""

from __future__ import annotations

from typing import Protocol

from drivers.emulation.rack.pump import BenchClock

LOOPBACK = "127.0.0.1"


class Host(Protocol):
    """A place where a port can be reached."""

    @property
    def address(self) -> str:
        """Where it is, for a driver."""
        ...

    def go(self) -> None:
        """Look whether the model has something to say."""
        ...

    def cut(self) -> None:
        """Break the lines that are open."""
        ...

    def close(self) -> None:
        """Take it down."""
        ...


class Instrument:
    """The hosts of one instrument: what is said to one of its ports may bring about something at another.

    Parameters
    ----------
    clock : BenchClock
    """

    def __init__(self, clock: BenchClock) -> None:
        self.clock = clock
        self.hosts: dict[str, Host] = {}

    def go(self) -> None:
        """Look at all ports."""
        for host in self.hosts.values():
            host.go()

    def addresses(self) -> str | dict[str, str]:
        """Tell the address, or all of them by port."""
        named = {name: host.address for name, host in self.hosts.items()}
        return named["main"] if list(named) == ["main"] else named

"""A rack in real time: one thread, one event loop, any number of instruments."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from drivers.configuration import Parties
from drivers.emulation.rack.control import ControlServer
from drivers.emulation.rack.hosts import host
from drivers.emulation.rack.instrument import Instrument
from drivers.emulation.rack.pump import BenchClock
from drivers.emulation.rack.shelf import REBOOT, Bench, Shelf
from drivers.errors import NoAnswer
from drivers.registry import Addresses

T = TypeVar("T")
PATIENCE_S = 30.0
BEHIND = (
    f"the emulated rack did not answer within {PATIENCE_S:g} s: this machine cannot keep up with its bench; lower "
    "--bench-speed (qkdctl rack up: --speed), or the rates in the scenario"
)


class Rack:
    """A bench and its instruments, on the loopback interface and on pseudo-terminals.

    Parameters
    ----------
    bench : Bench
    parties : mapping of str to mapping of str to InstrumentConfig
        The instruments, by party and name.
    speed : float
        How many seconds of bench time pass in one second.

    Examples
    --------
    >>> with Rack(bench, {"bob": {"tagger": InstrumentConfig(driver="s15-tdc1")}}) as rack:  # doctest: +SKIP
    ...     bob = open_all("bob", instruments, rack.addresses)
    """

    def __init__(self, bench: Bench, parties: Parties, *, speed: float = 1.0) -> None:
        self.shelf = Shelf(bench, parties)
        self.clock = BenchClock(speed)
        self.addresses: dict[str, Addresses] = {}
        self.control_address = ""
        self._instruments: dict[str, Instrument] = {}
        self._control: ControlServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def up(self) -> dict[str, Addresses]:
        """Bring it up.

        Returns
        -------
        dict of str to address
            Of each instrument, by its full name such as ``bob.tagger``; see
            :func:`drivers.configuration.open_all`.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rack", daemon=True)
        self._thread.start()
        self.clock.start()
        try:
            self._await(self._host_all())
        except BaseException:
            self.down()
            raise
        return self.addresses

    def down(self) -> None:
        """Take it down; doing it twice does no harm."""
        if self._loop is None or self._thread is None:
            return
        loop = self._loop
        closing = asyncio.run_coroutine_threadsafe(self._close_all(), loop)
        closing.add_done_callback(lambda _: loop.call_soon_threadsafe(loop.stop))
        # A bench that is behind first ends what it is at.
        self._thread.join()
        loop.close()
        closing.result()
        self._loop = self._thread = None

    def set(self, knob: str, value: float | bool) -> None:
        """Turn a knob of the bench, such as ``channel.cut``.

        Raises
        ------
        UnknownName, LimitError
        """
        self._do(lambda: self.shelf.turn(knob, value, self.clock.now_s()))

    def fault(self, instrument: str, fault: str, value: float | bool) -> None:
        """Make something wrong with an instrument, or right again; :meth:`faults` names what can be.

        Raises
        ------
        UnknownName, LimitError
        """
        self._do(lambda: self._fault(instrument, fault, value))

    def faults(self, instrument: str) -> dict[str, str]:
        """Name what can go wrong with an instrument, with a word on each.

        Raises
        ------
        UnknownName
        """
        return self._do(lambda: self.shelf.faults(instrument))

    def cut(self, instrument: str) -> None:
        """Break the connections to an instrument; new ones can be made.

        Raises
        ------
        UnknownName
        """
        self._do(lambda: self._cut(instrument))

    def say(self, instrument: str, text: str) -> str:
        """Operate an instrument at its front panel, in its own language; give what it says.

        Raises
        ------
        UnknownName
        """
        return self._do(lambda: self.shelf.say(instrument, text, self.clock.now_s()))

    def snapshot(self) -> dict[str, Any]:
        """Tell bench time, the position of all knobs, and what is wrong with whom."""
        return self._do(lambda: {"bench_time_s": self.clock.now_s(), **self.shelf.snapshot()})

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    async def _host_all(self) -> None:
        for full, place in self.shelf.places.items():
            instrument = Instrument(self.clock)
            for name, port in place.ports().items():
                instrument.hosts[name] = await host(instrument, port, place.hosts[name])
            self._instruments[full] = instrument
            self.addresses[full] = instrument.addresses()
        self._control = ControlServer(self.shelf, self.clock, self._fault, self._cut)
        self.control_address = await self._control.up()

    async def _close_all(self) -> None:
        for instrument in self._instruments.values():
            for each in instrument.hosts.values():
                each.close()
        if self._control is not None:
            self._control.down()
        # Connections that were aborted are lost in the loop's next round.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _fault(self, name: str, fault: str, value: float | bool) -> None:
        self.shelf.fault(name, fault, value, self.clock.now_s())
        if fault == REBOOT:
            self._cut(name)
        self._instruments[name].go()

    def _cut(self, name: str) -> None:
        self.shelf.place(name)
        for each in self._instruments[name].hosts.values():
            each.cut()

    def _do(self, action: Callable[[], T]) -> T:
        async def in_loop() -> T:
            return action()

        return self._await(in_loop())

    def _await(self, task: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None, "the rack is not up"
        try:
            return asyncio.run_coroutine_threadsafe(task, self._loop).result(PATIENCE_S)
        except TimeoutError:
            raise NoAnswer(BEHIND) from None

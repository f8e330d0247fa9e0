"""The controls of a monitor: start, pause and stop sessions of one scenario, calibrate it, break its emulated bench.

It does nothing that the command line could not: every session and calibration is a ``qkdctl`` of its own.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from drivers.emulation.rack import RackControl
from drivers.errors import DriverError
from qkdctl.errors import QkdctlError
from qkdctl.node.addresses import read_addresses
from qkdctl.programs import python

START_S = 30.0
END_S = 120.0
"""Longer than a session takes to finish its blocks, and its nodes to leave."""

LOOK_S = 0.1
SHORTEST_S = 1.0
"""Less than this is not worth another session."""


class Refused(QkdctlError):
    """An order that makes no sense now."""


@dataclass(frozen=True)
class Duty:
    """What a desk may do.

    Attributes
    ----------
    scenario : Path
    store : Path
        Directory of the key stores.
    duration_s : float
        Of a session.
    emulated : bool
        Its instruments are on an emulated rack, which the desk holds.
    bench_speed : float
    """

    scenario: Path
    store: Path
    duration_s: float
    emulated: bool
    bench_speed: float = 1.0


class Desk:
    """Holds at most one session, and the rack behind it.

    Parameters
    ----------
    duty : Duty

    Attributes
    ----------
    state : str
        "idle", "running", "ending", "paused" or "calibrating".
    said : str
        What came of the last order.
    """

    def __init__(self, duty: Duty) -> None:
        self._duty = duty
        self._left_s = duty.duration_s
        self._begun_s = 0.0
        self._work: asyncio.subprocess.Process | None = None
        self._rack: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="qkdctl-desk-")
        self._knobs: dict[str, float | bool] = {}
        self._closing = False
        self.state, self.said = "idle", ""

    @property
    def addresses(self) -> Path:
        """Where the rack's addresses are written."""
        return Path(self._folder.name) / "rack.json"

    def figures(self) -> dict[str, Any]:
        """Give what is shown of it."""
        names = {"scenario": self._duty.scenario.stem, "state": self.state, "said": self.said}
        return {**names, "left_s": round(self._left_s, 1), "knobs": self._knobs}

    async def up(self) -> None:
        """Bring the rack up, where there is one.

        Raises
        ------
        Refused
            If it does not come up.
        """
        if not self._duty.emulated:
            return
        options = ("--addresses", str(self.addresses), "--speed", str(self._duty.bench_speed))
        self._rack = await self._qkdctl("rack", "up", str(self._duty.scenario), *options)
        for _ in range(round(START_S / LOOK_S)):
            if self.addresses.exists() or self._rack.returncode is not None:
                break
            await asyncio.sleep(LOOK_S)
        if not self.addresses.exists():
            raise Refused(f"{self._duty.scenario}: its emulated rack did not come up")
        self._look()

    async def down(self) -> None:
        """End everything; nothing else begins."""
        self._closing = True
        if self._work is not None:
            await _end(self._work)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._rack is not None:
            await _end(self._rack)
        self._folder.cleanup()

    async def obey(self, order: Mapping[str, Any]) -> None:
        """Carry an order out, or begin to.

        Raises
        ------
        Refused
            If it makes no sense, or none now.
        """
        match order:
            case {"do": "start"}:
                self._require("start", "idle", "paused")
                await self._start()
            case {"do": "pause"}:
                self._require("pause", "running")
                self._later(self._end_session("paused"))
            case {"do": "stop"}:
                self._require("stop", "running", "paused")
                self._later(self._end_session("idle"))
            case {"do": "recalibrate"}:
                self._require("recalibrate", "idle", "running", "paused")
                self._later(self._calibrate())
            case {"do": "set", "knob": str(knob), "value": bool() | int() | float() as value}:
                self._turn(knob, value)
            case _:
                raise Refused(
                    "the desk does not understand that; it knows start, pause, stop, recalibrate and set"
                )

    def _require(self, order: str, *states: str) -> None:
        if self.state not in states:
            raise Refused(f"cannot {order} while it is {self.state}")

    def _later(self, work: Any) -> None:
        """Go on with something while the monitor answers; until it is over, the state says what it is."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self) -> None:
        if self._closing:
            return
        if self.state == "idle":
            self._left_s = self._duty.duration_s
        options = ["--duration", f"{self._left_s:.3f}", "--store", str(self._duty.store)]
        options += ["--addresses", str(self.addresses)] if self._duty.emulated else []
        work = await self._begin("run", *options)
        self._begun_s, self.state, self.said = monotonic(), "running", "a session was started"
        self._later(self._await_session(work))

    async def _await_session(self, work: asyncio.subprocess.Process) -> None:
        """Take note when a session ends by itself."""
        code = await work.wait()
        if work is self._work and self.state == "running":
            self.state, self._left_s = "idle", self._duty.duration_s
            self.said = f"the session has ended (exit code {code})"

    async def _end_session(self, then: str) -> None:
        if self.state == "running":
            self.state = "ending"
            assert self._work is not None
            await _end(self._work)
            self._left_s -= (monotonic() - self._begun_s) * self._duty.bench_speed
        if then == "idle" or self._left_s < SHORTEST_S:
            self.state, self._left_s = "idle", self._duty.duration_s
            self.said = "the session was stopped"
        else:
            self.state, self.said = (
                "paused",
                "the session was ended; start goes on with what is left of its time",
            )

    async def _calibrate(self) -> None:
        """Calibrate, and go on with whatever was going on."""
        before = self.state
        if before == "running":
            await self._end_session("paused")
        if self._closing:
            return
        paused = self.state
        self.state = "calibrating"
        options = ["--addresses", str(self.addresses)] if self._duty.emulated else []
        options += ["--bench-speed", str(self._duty.bench_speed)] if self._duty.emulated else []
        code = await (await self._begin("calibrate", *options)).wait()
        self.state = paused
        self.said = "calibrated" if code == 0 else f"not everything could be calibrated (exit code {code})"
        if before == "running" and self.state == "paused":
            said = self.said
            await self._start()
            self.said = f"{said}; the session goes on"

    def _turn(self, knob: str, value: float | bool) -> None:
        if not self._duty.emulated:
            raise Refused("the instruments are real: only an emulated bench has knobs")
        try:
            with closing(RackControl(read_addresses(self.addresses).control)) as control:
                control.set(knob, value)
        except (DriverError, QkdctlError) as error:
            raise Refused(str(error)) from None
        self._look()
        self.said = f"{knob} was set to {str(value).lower()}"

    def _look(self) -> None:
        with closing(RackControl(read_addresses(self.addresses).control)) as control:
            self._knobs = dict(sorted(control.snapshot()["knobs"].items()))

    async def _begin(self, what: str, *options: str) -> asyncio.subprocess.Process:
        """Start a session or a calibration; if the desk has gone down meanwhile, it is ended again."""
        self._work = await self._qkdctl(what, str(self._duty.scenario), *options)
        if self._closing:
            await _end(self._work)
        return self._work

    async def _qkdctl(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command in a session of its own; what it says goes to a log in the directory of the key stores."""
        self._duty.store.mkdir(parents=True, exist_ok=True)
        with (self._duty.store / "desk.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *python("qkdctl", *arguments),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a command to end, as Ctrl-C does, and wait for it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()  # who runs in the background of a shell ignores Ctrl-C
        try:
            await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            process.kill()
            await process.wait()

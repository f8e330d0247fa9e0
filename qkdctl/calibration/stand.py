"""Both parties' open instruments, as the steps of a calibration use them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from drivers.errors import DataLost, NoAnswer
from drivers.instrument import BaseInstrument
from drivers.parameters import parameters_of
from drivers.roles import Attenuator, LightSource, Pattern, StateTransmitter, TimeTagger
from drivers.transport.memory import VirtualClock
from postproc.parameters.receiver import Receiver
from postproc.parameters.session import DecoyBb84
from postproc.types import Role
from qkdctl.calibration.record import AGREED, Change, Value
from qkdctl.calibration.use import agreed_value, with_agreed
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError
from qkdctl.node.rig import Rig

R = TypeVar("R")

Tell = Callable[[str], None]
"""Given a few words on how far something long has come."""

LONGEST_COUNT_S = 1.0
"""An instrument that counts for longer may be taken for one that does not answer."""


class Time(Protocol):
    """In which the instruments work."""

    def now_s(self) -> float:
        """Tell it."""
        ...

    def wait(self, seconds: float) -> None:
        """Let it pass."""
        ...

    def lasts_s(self, seconds: float) -> float:
        """Tell how long that is for everybody else."""
        ...


@dataclass(frozen=True)
class RealTime:
    """Everybody's time; on a bench of another speed, its own.

    Attributes
    ----------
    speed : float
        How many seconds pass in one second.
    """

    speed: float = 1.0

    def now_s(self) -> float:
        """Tell it."""
        return time.monotonic() * self.speed

    def wait(self, seconds: float) -> None:
        """Let it pass."""
        time.sleep(self.lasts_s(seconds))

    def lasts_s(self, seconds: float) -> float:
        """Tell how long that is for everybody else."""
        return seconds / self.speed


@dataclass(frozen=True)
class BenchTime:
    """The time of a bench in memory: it passes when somebody waits, and costs nothing.

    Attributes
    ----------
    clock : VirtualClock
    """

    clock: VirtualClock

    def now_s(self) -> float:
        """Tell it."""
        return self.clock.now_s

    def wait(self, seconds: float) -> None:
        """Let it pass."""
        self.clock.now_s += seconds

    def lasts_s(self, seconds: float) -> float:
        """Tell how long that is for everybody else."""
        return 0.0


class Stand:
    """The instruments.

    Parameters
    ----------
    scenario : Scenario
    rigs : dict of Role to Rig
    clock : Time

    Attributes
    ----------
    scenario : Scenario
        As far as it is calibrated.
    tell : callable
        Where steps say how far they have come; nobody listens by default.
    """

    def __init__(self, scenario: Scenario, rigs: Mapping[Role, Rig], clock: Time) -> None:
        self.scenario, self.clock = scenario, clock
        self.tell: Tell = silent
        self._rigs = rigs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Make everything safe and let go of it, whatever fails on the way."""
        with ExitStack() as stack:
            for rig in self._rigs.values():
                stack.callback(rig.close)

    def find(self, place: str, kind: type[R]) -> R | None:
        """Give the instrument of a place such as ``bob.tagger``; None where there is none that plays the role."""
        party, _, role = place.partition(".")
        return self._rigs[cast(Role, party)].find(role, kind)

    def need(self, place: str, kind: type[R]) -> R:
        """Give it.

        Raises
        ------
        ConfigurationError
            If there is none.
        """
        party, _, role = place.partition(".")
        return self._rigs[cast(Role, party)].need(role, kind)

    def identity(self, place: str) -> str:
        """Tell who stands at a place."""
        party, _, role = place.partition(".")
        return str(self._rigs[cast(Role, party)].instruments[role].identity())

    def instruments(self, party: Role) -> Mapping[str, BaseInstrument]:
        """Give a party's instruments by role."""
        return self._rigs[party].instruments

    @property
    def places(self) -> list[str]:
        """All places at which something stands."""
        return [f"{party}.{role}" for party, rig in self._rigs.items() for role in rig.instruments]

    def receiver(self, party: Role) -> Receiver:
        """Give a party's receiver, as far as it is calibrated."""
        receiver: Receiver = getattr(self.scenario.parameters, party)
        return receiver

    @property
    def decoy(self) -> DecoyBb84:
        """The parameters of a prepare-and-measure link.

        Raises
        ------
        ConfigurationError
            If it is none.
        """
        if not isinstance(self.scenario.parameters, DecoyBb84):
            raise ConfigurationError(
                f"{self.scenario.name}: has no transmitter; this step is for links that do"
            )
        return self.scenario.parameters

    @property
    def slot_hz(self) -> float:
        """Slots a second while counting and aligning."""
        return self.scenario.calibration.slot_hz or self.decoy.slot_hz

    def limits(self, place: str, name: str) -> tuple[float, float]:
        """Give the range of an instrument's setting, infinite where it says nothing."""
        instrument = self.need(place, object)
        declared = {each.name: each for each in parameters_of(type(instrument))}.get(name)
        low, high = (None, None) if declared is None else (declared.low, declared.high)
        return (-float("inf") if low is None else low, float("inf") if high is None else high)

    def set(self, place: str, name: str, value: Value) -> Change:
        """Set something, of an instrument or of what is agreed; say what it was before."""
        before = self.get(place, name)
        if place == AGREED:
            self.scenario = with_agreed(self.scenario, name, value)
        else:
            setattr(self.need(place, object), name, tuple(value) if isinstance(value, list) else value)
        return Change(place, name, before, value)

    def get(self, place: str, name: str) -> Value:
        """Tell how something is set."""
        if place == AGREED:
            return agreed_value(self.scenario, name)
        return plain(getattr(self.need(place, object), name))

    def light(self) -> Light:
        """Give the light of the link, whatever makes it."""
        return Light(self)


class Light:
    """Switches the light of a link on and off; while it is on, what a transmitter tells has to be taken.

    Parameters
    ----------
    stand : Stand
    """

    def __init__(self, stand: Stand) -> None:
        self._clock = stand.clock
        self._transmitter = stand.find("alice.transmitter", StateTransmitter)
        self._attenuator = stand.find("alice.attenuator", Attenuator)
        self._lasers = [
            laser for party in ("alice", "bob") if (laser := stand.find(f"{party}.laser", LightSource))
        ]

    def shine(self, pattern: Pattern | None = None) -> None:
        """Switch it on; a transmitter sends `pattern`."""
        for laser in self._lasers:
            laser.emitting = True
        if self._attenuator:
            self._attenuator.shutter_open = True
        if self._transmitter and pattern:
            self._transmitter.make_safe()
            self._transmitter.configure(pattern)
            self._transmitter.start()

    def block(self, dark: bool) -> None:
        """Let no light out, or let it out again."""
        if self._attenuator:
            self._attenuator.shutter_open = not dark
            return
        with ExitStack() as each:  # one that fails leaves no other as it was
            for laser in self._lasers:
                each.callback(setattr, laser, "emitting", not dark)

    def pass_time(self, measure: Callable[[], R]) -> R:
        """Measure something; what the transmitter has told meanwhile is dropped."""
        found = measure()
        self.drain()
        return found

    def count_rates_hz(self, tagger: TimeTagger, seconds: float) -> NDArray[np.float64]:
        """Let a tagger count for so long; on a slow bench piece by piece, for a driver waits by everybody's time."""
        pieces = max(ceil(self._clock.lasts_s(seconds) / LONGEST_COUNT_S), 1)
        rates = [self.pass_time(lambda: tagger.count_rates_hz(seconds / pieces)) for _ in range(pieces)]
        mean: NDArray[np.float64] = np.mean(rates, axis=0)
        return mean

    def drain(self) -> None:
        """Drop what the transmitter has told."""
        if self._transmitter is None:
            return
        while True:
            try:
                self._transmitter.read(0.0)
            except NoAnswer:
                return
            except DataLost:
                continue

    def stop(self) -> None:
        """Switch it off, whatever fails on the way."""
        try:
            if self._transmitter:
                self._transmitter.make_safe()
        finally:
            self.block(dark=True)


def silent(text: str) -> None:
    """Tell nobody."""


def plain(value: Any) -> Value:
    """Give a setting as the file of results has it."""
    return [float(each) for each in value] if isinstance(value, list | tuple) else float(value)


def marked_pattern(stand: Stand) -> Pattern:
    """Give what is sent to find slots and to align: full pulses and dark slots, both bases, half and half.

    Which slots are dark tells them apart whatever has become of the polarisation.
    """
    return Pattern(
        slot_hz=stand.slot_hz, levels=(1.0, 0.0), probabilities=(0.5, 0.5), key_basis_probability=0.5
    )

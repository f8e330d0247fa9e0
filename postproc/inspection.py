"""A look at every tag before anything is done with it: what it tells about the detectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from postproc import findings
from postproc.parameters.receiver import Receiver
from postproc.stage import Emission, InPort
from postproc.timetags.health import HealthMonitor
from postproc.timetags.rates import RateMonitor
from postproc.timetags.types import TagChunk
from postproc.types import Alarm, End, Role


class Inspect:
    """Passes everything through; at the end says what is wrong with which detectors.

    Parameters
    ----------
    role : {"alice", "bob"}
        Whose detectors these are.
    receiver : Receiver
        Says what hold-off is configured, and which channels matter.
    """

    name = "inspect"

    def __init__(self, role: Role, receiver: Receiver) -> None:
        self._role = role
        self._receiver = receiver
        self._health = HealthMonitor()
        self._rates = RateMonitor(detector.channel for detector in receiver.detectors)

    def feed(self, port: InPort, message: object) -> Iterable[Emission]:
        """Take chunks on ``in``; they leave as they are."""
        if isinstance(message, TagChunk):
            self._health.feed(message)
            self._rates.feed(message)
        if isinstance(message, End):
            for alarm in self._alarms():
                yield Emission("out", alarm)
        yield Emission("out", message)

    def finish(self) -> Iterable[Emission]:
        """Nothing is left open."""
        return ()

    def _alarms(self) -> Iterator[Alarm]:
        rates = {rate.channel: rate for rate in self._rates.report()}
        clicks = {channel: float(rate.tags) for channel, rate in rates.items()}
        for detector in self._health.report():
            if detector.channel in rates:
                subject = f"{self._role.capitalize()}'s detector on channel {detector.channel}"
                yield from findings.echo(detector, self._receiver, subject)
                yield from findings.afterpulsing(detector, subject)
                yield from findings.drop(rates[detector.channel], subject)
                clicks[detector.channel] *= 1 - (detector.echo.share if detector.echo else 0.0)
        party = f"{self._role.capitalize()}'s detectors"
        yield from findings.saturation(rates.values(), self._receiver, party)
        yield from findings.mismatch(clicks, self._receiver, party)

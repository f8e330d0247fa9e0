"""What the health and the rates of a party's detectors mean: named alarms with figures and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from math import sqrt

from postproc.parameters.receiver import Receiver
from postproc.timetags.health import DetectorHealth
from postproc.timetags.rates import Rate
from postproc.types import Alarm, Figure

ECHO = (
    "Clicks of this detector are followed by a second tag at a fixed delay: a reflection in a cable, "
    "ringing, or a threshold too low."
)
COVERED = "The configured hold-off removes it."
NOT_COVERED = "Set hold_off_ps above the delay, and look at the discriminator."
AFTERPULSES = (
    "Clicks of this detector come in bunches soon after others: afterpulses. Raise its dead time or its temperature, "
    "lower its bias, and keep hold_off_ps above the time in which they come."
)
SATURATED = (
    "Detectors are ignored for so large a part of the time that clicks are lost. Attenuate the light, or agree on a "
    "shorter hold-off if the detectors allow it."
)
MISMATCH = (
    "Two detectors of a basis click at different rates: their efficiencies, or the light on them, differ, and most "
    "proofs assume that they do not. Align the receiver, and trim bias or coupling."
)
DROPPED = (
    "The detector clicked far less than usual for a while: look at its bias (a latched nanowire has to be reset), its "
    "fibre and its cable."
)

AFTERPULSING, SATURATION, RATIO, SIGMAS = 0.1, 0.5, 1.25, 6.0
"""Share of afterpulses, and of lost time, that is worth a word; ratio of rates in a basis, and how surely."""


def echo(detector: DetectorHealth, receiver: Receiver, subject: str) -> Iterator[Alarm]:
    """Tell of a second tag at a fixed delay."""
    if detector.echo is None:
        return
    covered = detector.echo.delay_ns * 1000 < receiver.hold_off_ps
    figures: dict[str, Figure] = {
        "delay_ns": round(detector.echo.delay_ns, 3),
        "share": round(detector.echo.share, 4),
        "hold_off_ns": receiver.hold_off_ps / 1000,
        "false_alarm_probability": detector.echo.false_alarm_probability,
    }
    advice = f"{ECHO} {COVERED if covered else NOT_COVERED}"
    yield Alarm("detector-echo", "info" if covered else "warning", subject, figures, advice)


def afterpulsing(detector: DetectorHealth, subject: str) -> Iterator[Alarm]:
    """Tell of clicks in bunches."""
    if detector.afterpulse_share > AFTERPULSING:
        figures: dict[str, Figure] = {"share": round(detector.afterpulse_share, 4), "tags": detector.tags}
        yield Alarm("detector-afterpulsing", "warning", subject, figures, AFTERPULSES)


def drop(rate: Rate, subject: str) -> Iterator[Alarm]:
    """Tell of a detector that clicked too seldom for a while."""
    if rate.dropped_windows:
        figures: dict[str, Figure] = {
            "windows_s": rate.dropped_windows,
            "worst_share": round(rate.worst_share, 4),
        }
        yield Alarm("detector-count-drop", "warning", subject, figures, DROPPED)


def saturation(rates: Iterable[Rate], receiver: Receiver, subject: str) -> Iterator[Alarm]:
    """Tell of time that is lost because all detectors are ignored after each click of any."""
    total_hz = sum(rate.hz for rate in rates)
    lost = total_hz * receiver.hold_off_ps * 1e-12
    if lost > SATURATION:
        figures: dict[str, Figure] = {"clicks_hz": round(total_hz), "lost_share": round(lost, 4)}
        yield Alarm("detector-saturation", "warning", subject, figures, SATURATED)


def mismatch(clicks: Mapping[int, float], receiver: Receiver, subject: str) -> Iterator[Alarm]:
    """Tell of two detectors of a basis with different rates; `clicks` are those of each channel, echoes apart."""
    for one, other in pairwise(
        sorted(receiver.detectors, key=lambda detector: (detector.basis, detector.bit))
    ):
        low, high = sorted((clicks.get(one.channel, 0.0), clicks.get(other.channel, 0.0)))
        unequal = high > RATIO * low and high - RATIO * low > SIGMAS * sqrt(high + RATIO**2 * low)
        if one.basis == other.basis and low > 0 and unequal:
            figures: dict[str, Figure] = {
                "channel": one.channel,
                "other_channel": other.channel,
                "ratio": round(high / low, 4),
            }
            yield Alarm("efficiency-mismatch", "warning", f"{subject}, basis {one.basis}", figures, MISMATCH)

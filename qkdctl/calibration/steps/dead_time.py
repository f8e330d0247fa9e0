"""The detectors' dead time and echoes, from how soon clicks follow each other; the hold-off has to cover both.

Pulsed light makes clicks a slot apart, so the dead time is known to lie between the last slot at which none followed
and the first at which some did.
"""

from __future__ import annotations

from itertools import count
from math import ceil

import numpy as np
from numpy.typing import NDArray

from drivers.roles import TimeTagger
from postproc.timetags.health import HealthMonitor
from postproc.timetags.types import TagChunk
from postproc.types import Role
from qkdctl.calibration.record import AGREED, Picture
from qkdctl.calibration.stand import Light, Stand
from qkdctl.calibration.steps.light import scenario_light
from qkdctl.calibration.steps.step import Found, stand_at
from qkdctl.config.scenario import Scenario

RECORD_S, LONGEST_S, READ_S = 1.0, 20.0, 5.0
BIN_PS, BINS = 2000, 150
ALIVE = 0.5
"""A detector is awake again where clicks follow at least this share as often as they do later."""

MARGIN = 1.1
"""By this factor a hold-off exceeds the delay of an echo."""

ENOUGH = 4
"""Short waits of each detector, for each bin; where clicks are few they take longer than a second to come."""

ROUND_PS = 1000


class DeadTime:
    """Waits between clicks.

    Parameters
    ----------
    party : {"alice", "bob"}
    """

    def __init__(self, party: Role) -> None:
        self.name = f"{party}-dead-time"
        self.what = f"measure the dead time of {party.capitalize()}'s detectors; set the hold-off above it"
        self._party = party
        self._place = f"{party}.tagger"

    def fits(self, scenario: Scenario) -> bool:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        return stand_at(scenario, self._place)

    def run(self, stand: Stand) -> Found:
        """See :class:`~qkdctl.calibration.steps.step.Step`."""
        tagger = stand.need(self._place, TimeTagger)
        # Pulses as close as they come in sessions: the closer, the more is seen of the dead time.
        with scenario_light(stand, getattr(stand.scenario.parameters, "slot_hz", None)) as light:
            chunks, waits = self._record(stand, light, tagger)
        dead = {channel: awake_ps(counts) for channel, counts in waits.items()}
        picture = self._picture(waits)
        if unknown := [str(channel) for channel, value in dead.items() if value is None]:
            verdict = f"too few clicks on channel {', '.join(unknown)}"
            return Found(False, verdict, ADVICE, pictures=[picture], places=(self._place,))
        longest_ps = max(float(value or 0) for value in dead.values())
        echo_ps = _echo_ps(chunks, list(waits))
        return self._judge(stand, longest_ps, echo_ps, picture)

    def _record(
        self, stand: Stand, light: Light, tagger: TimeTagger
    ) -> tuple[list[TagChunk], dict[int, NDArray[np.int64]]]:
        """Take clicks until each detector has shown enough short waits, or it takes too long; count those."""
        own = [each.channel for each in stand.receiver(self._party).detectors]
        chunks: list[TagChunk] = []
        tagger.start()
        try:
            for seconds in count(RECORD_S, RECORD_S):
                while not chunks or chunks[-1].stop_ps < seconds * 1e12:
                    chunks.append(light.pass_time(lambda: tagger.read(READ_S)))
                    stand.tell(f"{chunks[-1].stop_ps * 1e-12:.1f} s of clicks; at most {LONGEST_S:g} s")
                waits = {channel: waiting(chunks, channel) for channel in own}
                if seconds >= LONGEST_S or all(each.sum() >= ENOUGH * BINS for each in waits.values()):
                    break
        finally:
            tagger.stop()
        return chunks, waits

    def _judge(self, stand: Stand, longest_ps: float, echo_ps: float, picture: Picture) -> Found:
        name = f"{self._party}.hold_off_ps"
        now_ps = float(stand.get(AGREED, name))  # type: ignore[arg-type]
        # Up to just before clicks are seen to follow: no more of them are lost than have to be.
        needed_ps = max(longest_ps - ROUND_PS, ceil(MARGIN * echo_ps / ROUND_PS) * ROUND_PS)
        figures = {
            "dead_time_at_most_ps": longest_ps,
            "echo_ps": echo_ps,
            "hold_off_ps": max(now_ps, needed_ps),
        }
        verdict = f"clicks follow each other after {longest_ps / 1000:g} ns"
        verdict += f", and echo after {echo_ps / 1000:.1f} ns" if echo_ps else ""
        if needed_ps <= now_ps:
            verdict += f"; the hold-off of {now_ps / 1000:g} ns covers it"
            return Found(True, verdict, figures=figures, pictures=[picture], places=(self._place,))
        change = stand.set(AGREED, name, float(needed_ps))
        verdict += f"; hold-off set to {needed_ps / 1000:g} ns"
        return Found(True, verdict, "", [change], figures, [picture], (self._place,))

    def _picture(self, waits: dict[int, NDArray[np.int64]]) -> Picture:
        x = ((np.arange(BINS) + 0.5) * BIN_PS / 1000).tolist()
        lines: dict[str, list[float | None]] = {
            f"channel {channel}": counts.astype(float).tolist() for channel, counts in waits.items()
        }
        return Picture(
            f"Waits between clicks at {self._party.capitalize()}", "ns", f"in {BIN_PS / 1000:g} ns", x, lines
        )


def waiting(chunks: list[TagChunk], channel: int) -> NDArray[np.int64]:
    """Count how long clicks of a channel wait for the next one, in bins; shape (BINS,)."""
    times = np.concatenate([chunk.time_ps[chunk.channel == channel] for chunk in chunks])
    waits = np.diff(times)
    counts: NDArray[np.int64] = np.bincount(waits[waits < BINS * BIN_PS] // BIN_PS, minlength=BINS)
    return counts


def awake_ps(counts: NDArray[np.int64]) -> float | None:
    """Tell up to what wait clicks are not seen to follow; None where there are too few clicks to tell."""
    if counts.sum() < BINS:
        return None
    usual = np.max(counts[BINS // 2 :])
    first = int(np.argmax(counts > max(ALIVE * usual, 3)))
    return float(first * BIN_PS)


def _echo_ps(chunks: list[TagChunk], own: list[int]) -> float:
    """Delay of the latest echo; 0 where there is none."""
    monitor = HealthMonitor()
    for chunk in chunks:
        monitor.feed(chunk)
    echoes = [each.echo.delay_ns * 1000 for each in monitor.report() if each.echo and each.channel in own]
    return max(echoes, default=0.0)


ADVICE = "Look whether this detector is biased and lit; calibrate the threshold and the bias first."

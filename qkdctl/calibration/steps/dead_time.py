"""The detectors' dead time and echoes, from how soon clicks follow each other; the hold-off has to cover both.

Pulsed light makes clicks a slot apart, so the dead time is known to lie between the last slot at which none followed
and the first at which some did.
"""

from __future__ import annotations

from itertools import count
from math import ceil

import numpy as np

from drivers.roles import TimeTagger
from postproc.timetags.health import HealthMonitor
from postproc.timetags.types import PICOSECONDS_PER_SECOND, TagChunk
from postproc.types import Role
from qkdctl.calibration.record import AGREED, Picture
from qkdctl.calibration.stand import Light, Stand
from qkdctl.calibration.steps.light import scenario_light
from qkdctl.calibration.steps.step import Found, stand_at
from qkdctl.calibration.steps.waits import BINS, REACHES_PS, ROUND_PS, Waits, awake_ps, histogram, reach_ps
from qkdctl.config.scenario import Scenario

RECORD_S, LONGEST_S, READ_S = 1.0, 20.0, 5.0
MARGIN = 1.1
"""By this factor a hold-off exceeds the delay of an echo."""

ENOUGH = 2
"""Short waits of each detector, for each bin; where clicks are few they take longer than a second to come."""


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
        slot_hz = getattr(stand.scenario.parameters, "slot_hz", None)
        with scenario_light(stand, slot_hz) as light:
            chunks, waits = self._record(stand, light, tagger)
        echoes = _echoes_ps(chunks, list(waits))
        reaches = {channel: reach_ps(each, BINS) for channel, each in waits.items()}
        slot_ps = PICOSECONDS_PER_SECOND / slot_hz if slot_hz else None
        dead = {
            channel: awake_ps(waits[channel], reach, echoes.get(channel), slot_ps) if reach else None
            for channel, reach in reaches.items()
        }
        picture = self._picture(waits, max(reach or REACHES_PS[0] for reach in reaches.values()))
        if unknown := [str(channel) for channel, value in dead.items() if value is None]:
            verdict = f"too few clicks follow each other soon on channel {', '.join(unknown)}"
            return Found(False, verdict, ADVICE, pictures=[picture], places=(self._place,))
        longest_ps = max(value or 0.0 for value in dead.values())
        return self._judge(stand, longest_ps, max(echoes.values(), default=0.0), picture)

    def _record(
        self, stand: Stand, light: Light, tagger: TimeTagger
    ) -> tuple[list[TagChunk], dict[int, Waits]]:
        """Take clicks until each detector has shown enough short waits, or it takes too long; give those."""
        own = [each.channel for each in stand.receiver(self._party).detectors]
        chunks: list[TagChunk] = []
        tagger.start()
        try:
            for seconds in count(RECORD_S, RECORD_S):
                while not chunks or chunks[-1].stop_ps < seconds * 1e12:
                    chunks.append(light.pass_time(lambda: tagger.read(READ_S)))
                    stand.tell(f"{chunks[-1].stop_ps * 1e-12:.1f} s of clicks; at most {LONGEST_S:g} s")
                waits = {channel: waiting(chunks, channel) for channel in own}
                if seconds >= LONGEST_S or all(reach_ps(each, ENOUGH * BINS) for each in waits.values()):
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

    def _picture(self, waits: dict[int, Waits], reach: int) -> Picture:
        width_ns = reach / BINS / 1000
        x = ((np.arange(BINS) + 0.5) * width_ns).tolist()
        lines: dict[str, list[float | None]] = {
            f"channel {channel}": histogram(each, reach).astype(float).tolist()
            for channel, each in waits.items()
        }
        return Picture(
            f"Waits between clicks at {self._party.capitalize()}", "ns", f"in {width_ns:g} ns", x, lines
        )


def waiting(chunks: list[TagChunk], channel: int) -> Waits:
    """Give how long clicks of a channel wait for the next one."""
    return np.diff(np.concatenate([chunk.time_ps[chunk.channel == channel] for chunk in chunks]))


def _echoes_ps(chunks: list[TagChunk], own: list[int]) -> dict[int, float]:
    """Delays of the echoes that stand out, by channel."""
    monitor = HealthMonitor()
    for chunk in chunks:
        monitor.feed(chunk)
    return {
        each.channel: each.echo.delay_ns * 1000
        for each in monitor.report()
        if each.echo and each.channel in own
    }


ADVICE = (
    "Look whether this detector is biased and lit; calibrate the threshold and the bias first. If it counts as it "
    f"should, its dead time is longer than the {REACHES_PS[-1] / 1e6:g} µs that are looked at: set hold_off_ps by hand "
    "from its data sheet."
)

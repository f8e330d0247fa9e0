"""Alice's side of a prepare-and-measure link as a source: transmitter, laser, attenuator, power meter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from drivers.errors import NoAnswer
from drivers.roles import Attenuator, LightSource, Pattern, PowerMeter, StateTransmitter
from postproc.parameters.session import DecoyBb84
from postproc.timetags.types import StateChunk
from postproc.types import Alarm
from qkdctl.node.rig import Rig
from qkdctl.node.source import Chunk

READ_S = 0.5
SILENT_READS = 10
"""So many reads in a row without a word from the transmitter, and it counts as gone."""

DARK_SHARE = 0.1
"""The tap's power below this share of the most it was counts as dark."""

DARK_W = 1e-10
"""So does less than what usual photodiodes can see."""


class Light:
    """The laser is on and the shutter closed once Alice is prepared; it opens when both parties agree.

    Parameters
    ----------
    rig : Rig
    parameters : DecoyBb84
    """

    def __init__(self, rig: Rig, parameters: DecoyBb84) -> None:
        self._rig = rig
        self._parameters = parameters
        self._transmitter = rig.need("transmitter", StateTransmitter)
        self._attenuator = rig.find("attenuator", Attenuator)
        self._laser = rig.find("laser", LightSource)
        self._power_meter = rig.find("power_meter", PowerMeter)
        self._brightest_w = 0.0
        self._next_slot = 0
        self._silent = 0

    def prepare(self) -> None:
        """See :class:`~qkdctl.node.source.Source`."""
        if self._attenuator:
            self._attenuator.shutter_open = False
        # A process that was killed may have left it running.
        self._transmitter.make_safe()
        self._transmitter.configure(pattern(self._parameters))
        if self._laser:
            self._laser.emitting = True

    def start(self) -> None:
        """See :class:`~qkdctl.node.source.Source`."""
        if self._attenuator:
            self._attenuator.shutter_open = True
        self._transmitter.start()

    def read(self) -> Chunk | None:
        """See :class:`~qkdctl.node.source.Source`."""
        try:
            chunk = self._transmitter.read(READ_S)
        except NoAnswer:
            self._silent += 1
            if self._silent >= SILENT_READS:
                raise
            return StateChunk(self._next_slot, np.empty(0, np.uint8))
        self._silent = 0
        self._next_slot = chunk.first_slot + len(chunk)
        return chunk

    def look(self) -> Iterator[Alarm]:
        """See :class:`~qkdctl.node.source.Source`."""
        if self._attenuator and not self._attenuator.shutter_open:
            yield _alarm("shutter-closed", "Alice's attenuator", {}, SHUTTER)
        if self._power_meter:
            now_w = self._power_meter.power_w
            self._brightest_w = max(self._brightest_w, now_w)
            if now_w < max(DARK_SHARE * self._brightest_w, DARK_W):
                figures = {"power_nw": round(now_w * 1e9, 3), "before_nw": round(self._brightest_w * 1e9, 3)}
                yield _alarm("laser-dark", "Alice's laser", figures, DARK)

    def stop(self) -> None:
        """See :class:`~qkdctl.node.source.Source`."""
        self._rig.close()


SHUTTER = (
    "The attenuator's shutter is closed, so no light leaves Alice. Open it, or find out who closed it; blocks "
    "recorded meanwhile make no key."
)
DARK = (
    "The power meter at Alice's tap sees hardly any light: the laser is off, or its fibre is out. Look at the "
    "laser's current, its interlock and its fibre; blocks recorded meanwhile make no key."
)


def pattern(parameters: DecoyBb84) -> Pattern:
    """What the transmitter is to send: levels relative to the brightest intensity."""
    brightest = parameters.intensities[0].mean
    return Pattern(
        slot_hz=parameters.slot_hz,
        levels=tuple(intensity.mean / brightest for intensity in parameters.intensities),
        probabilities=tuple(intensity.probability for intensity in parameters.intensities),
        key_basis_probability=parameters.key_basis_probability,
    )


def _alarm(name: str, subject: str, figures: dict[str, float], advice: str) -> Alarm:
    return Alarm(name, "error", subject, dict(figures), advice)

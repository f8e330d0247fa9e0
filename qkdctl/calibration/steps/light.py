"""The link's own light, as a session has it, for steps that only count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from drivers.roles import SinglePhotonDetectors
from postproc.parameters.session import DecoyBb84
from qkdctl.calibration.stand import Light, Stand
from qkdctl.node.light import pattern

SETTLE_S = 0.3
"""A transmitter ends what it sends with the block at hand, and only then begins anew."""


@contextmanager
def scenario_light(stand: Stand, slot_hz: float | None = None) -> Iterator[Light]:
    """Detectors on, and the light of the scenario; off when it is left.

    Parameters
    ----------
    stand : Stand
    slot_hz : float, optional
        Slots a second; as usual while counting by default.
    """
    for party in ("alice", "bob"):
        if detectors := stand.find(f"{party}.detectors", SinglePhotonDetectors):
            detectors.enabled = True
    light = stand.light()
    parameters = stand.scenario.parameters
    sent = None
    if isinstance(parameters, DecoyBb84):
        sent = replace(pattern(parameters), slot_hz=slot_hz or stand.slot_hz)
    light.shine(sent)
    stand.clock.wait(SETTLE_S)
    try:
        yield light
    finally:
        light.stop()

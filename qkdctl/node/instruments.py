"""From a node's instruments to its source of tags or states, and of randomness."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.roles import RandomSource
from postproc.entropy import Entropy, MixedEntropy, SystemEntropy
from postproc.parameters.session import DecoyBb84
from postproc.types import Alarm
from qkdctl.calibration.record import Calibration
from qkdctl.calibration.use import apply, stale
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError
from qkdctl.node.identities import write_identities
from qkdctl.node.label import check_origin
from qkdctl.node.light import Light
from qkdctl.node.observation import Tell
from qkdctl.node.receiver import Receiver
from qkdctl.node.rig import Rig
from qkdctl.node.source import RecordedSource, Source, Warned
from qkdctl.node.spec import NodeSpec
from qkdctl.seeds import seeded

RANDOM = "random"
"""The role of a random source: the stages that draw from it open it, each process for itself."""


@contextmanager
def open_entropy(spec: NodeSpec, scenario: Scenario) -> Iterator[Entropy]:
    """Open what this party draws its randomness from.

    Raises
    ------
    InstrumentsError
        If a random source cannot be reached, or fails its health tests.
    """
    config = scenario.instruments.get(spec.role, {}).get(RANDOM)
    if spec.seed is not None:
        yield seeded(spec.role, spec.seed)
    elif config is None:
        yield SystemEntropy()
    else:
        rig = Rig(spec.role, {RANDOM: config}, spec.rack)
        try:
            yield MixedEntropy(rig.need(RANDOM, RandomSource))
        finally:
            rig.close()


def open_source(
    spec: NodeSpec, scenario: Scenario, tell: Tell, calibration: Calibration | None = None
) -> Source:
    """Open what the node records from, set as it was calibrated.

    Raises
    ------
    ConfigurationError
        If there is nothing to record from, or real and emulated instruments are mixed.
    InstrumentsError
        If an instrument cannot be reached or refuses its settings.
    """
    if spec.recording is not None:
        return RecordedSource(Path(spec.recording))
    here = scenario.instruments.get(spec.role, {})
    named = {role: config for role, config in here.items() if role != RANDOM}
    if not named:
        raise ConfigurationError(f"{spec.scenario}: names no instruments for {spec.role.capitalize()}")
    rig = Rig(spec.role, named, spec.rack)
    try:
        emulated = rig.emulated(spec.vouched)
        check_origin(spec.label, spec.role, emulated, mixed=spec.mixed)
        identities = {role: str(instrument.identity()) for role, instrument in rig.instruments.items()}
        write_identities(spec.path, identities, emulated)
        for role, identity in identities.items():
            tell("instrument", role, identity=identity, emulated=emulated[role])
        standing: list[Alarm] = []
        if calibration is not None:
            standing += apply(spec.role, rig.instruments, calibration)
            standing += stale(calibration, scenario.calibration.max_age_h)
        if spec.role == "alice" and isinstance(scenario.parameters, DecoyBb84):
            return Warned(Light(rig, scenario.parameters), standing)
        return Warned(Receiver(spec.role, rig), standing)
    except BaseException:
        rig.close()
        raise

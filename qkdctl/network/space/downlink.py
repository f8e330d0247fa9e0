"""How much key a ground station gets of each pass: link budget, counts to be expected, finite-key bound.

The counts of the passes that make one block are added up before the bound is taken; how many passes that are is
settled before the first. A pass that is clouded out adds nothing, and the block has to do without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from drivers.emulation.bench.free_space import FreeSpace
from postproc.errors import ProofError
from postproc.estimation import Statistics
from postproc.parameters.session import DecoyBb84
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.errors import ConfigurationError
from qkdctl.network.link_specs import BlockSpec
from qkdctl.network.models import decoy_scenario
from qkdctl.network.space.orbit import STEP_S, Pass, Station, passes
from qkdctl.network.tables import Place, Satellite
from qkdctl.planning.link import LinkModel
from qkdctl.planning.optimise import bits_of_block, settings_of


def downlink_blocks(name: str, body: Satellite, place: Place, start: datetime) -> tuple[BlockSpec, ...]:
    """Work out the blocks of key that a satellite brings to a station.

    Parameters
    ----------
    name : str
        The satellite's, for errors.
    body : Satellite
    place : Place
        The station.
    start : datetime
        The scenario's beginning.

    Raises
    ------
    ConfigurationError
        If its orbit or its scenario make no sense.
    """
    assert place.latitude_deg is not None
    assert place.longitude_deg is not None
    station = Station(place.latitude_deg, place.longitude_deg, place.altitude_m)
    parameters, emulation = decoy_scenario(f"satellites.{name}", body.scenario)
    try:
        found = passes(
            body.tle, station, start, body.days, body.min_elevation_deg, night_only=body.night_only
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"satellites.{name}.tle: {error}") from None
    blocks = []
    for first in range(0, len(found) - body.passes_per_block + 1, body.passes_per_block):
        pooled = found[first : first + body.passes_per_block]
        try:
            bits = pooled_bits(pooled, body.optics, parameters, emulation)
        except ProofError as error:
            raise ConfigurationError(f"satellites.{name}: {error}") from None
        if bits >= 8:
            blocks.append(BlockSpec((pooled[-1].stop - start).total_seconds(), int(bits) // 8))
    return tuple(blocks)


def pooled_bits(
    pooled: Sequence[Pass], optics: FreeSpace, parameters: DecoyBb84, emulation: DecoyEmulation
) -> float:
    """Secret bits, before rounding, of one block over several passes.

    Raises
    ------
    ProofError
        If the proof does not apply to these settings.
    """
    total = Statistics((0,), (0,), (0,), (0,))
    slots = round(parameters.slot_hz * STEP_S)
    settings = settings_of(parameters, emulation, slots)
    path = optics.path
    losses = [
        path.mean_loss_db(range_m, elevation)
        for one in pooled
        for range_m, elevation in zip(one.range_m, one.elevation_deg, strict=True)
    ]
    models = [LinkModel.of(parameters, emulation, loss) for loss in losses]
    total = _sum([model.statistics(settings) for model in models])
    whole = replace(settings, n_slots=slots * len(losses))
    return bits_of_block(models[0], whole, parameters.security, total)


def _sum(parts: Sequence[Statistics]) -> Statistics:
    def added(name: str) -> tuple[int, ...]:
        rows = [getattr(part, name) for part in parts]
        return tuple(map(sum, zip(*rows, strict=True)))

    return Statistics(added("key"), added("test"), added("test_errors"), added("key_errors"))

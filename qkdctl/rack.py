"""The emulated rack of a scenario: its bench, and its instruments on ports and pseudo-terminals."""

from __future__ import annotations

from drivers.configuration import InstrumentConfig
from drivers.emulation.bench.live_bb84 import LiveBb84Bench
from drivers.emulation.bench.live_bbm92 import LiveBbm92Bench
from drivers.emulation.rack import Rack, Shelf, in_memory
from drivers.errors import DriverError
from drivers.registry import Addresses
from drivers.transport.memory import Models
from postproc.parameters.session import DecoyBb84
from qkdctl.config.emulation import DecoyEmulation, Emulation
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError


def memory_rack(scenario: Scenario, seed: int) -> tuple[dict[str, Addresses], Models]:
    """Make the rack of a scenario in memory, in a time of its own, for one program alone.

    Returns
    -------
    dict of str to address, Models
        What :func:`drivers.configuration.open_all` takes.

    Raises
    ------
    ConfigurationError
        As :func:`make_rack`.
    """
    emulation = _emulation(scenario)
    try:
        return in_memory(Shelf(make_bench(emulation, scenario.parameters, seed), _parties(scenario)))
    except DriverError as error:
        raise ConfigurationError(f"{scenario.name}: instruments: {error}") from None


def make_rack(scenario: Scenario, seed: int, speed: float = 1.0) -> Rack:
    """Make the rack of a scenario; whoever enters it brings it up.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Of everything that happens on the bench by chance.
    speed : float
        How many seconds of bench time pass in one second.

    Raises
    ------
    ConfigurationError
        If the scenario does not say what stands on the bench, or what cannot be emulated.
    """
    emulation = _emulation(scenario)
    try:
        return Rack(make_bench(emulation, scenario.parameters, seed), _parties(scenario), speed=speed)
    except DriverError as error:
        raise ConfigurationError(f"{scenario.name}: instruments: {error}") from None


def _emulation(scenario: Scenario) -> Emulation:
    if scenario.emulation is None:
        raise ConfigurationError(
            f"{scenario.name}: leaves instruments to the emulated rack and has no [emulation] table; add one, or give "
            "the instruments' own addresses"
        )
    return scenario.emulation


def _parties(scenario: Scenario) -> dict[str, dict[str, InstrumentConfig]]:
    return dict(scenario.instruments.items())


def make_bench(emulation: Emulation, parameters: object, seed: int) -> LiveBb84Bench | LiveBbm92Bench:
    """Make what stands behind the rack."""
    if isinstance(emulation, DecoyEmulation):
        assert isinstance(parameters, DecoyBb84)
        return LiveBb84Bench(emulation.live_scene(parameters), seed)
    return LiveBbm92Bench(emulation.live_scene(), seed)

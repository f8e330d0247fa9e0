"""A misaligned link in memory, in a time of its own."""

from dataclasses import replace

import pytest

from drivers.emulation.rack import Shelf, in_memory
from qkdctl.calibration.stand import BenchTime, Stand
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.node.rig import Rig
from qkdctl.rack import make_bench

#: Fewer slots on a shorter fibre: as many counts for less work.
QUICK = {
    "slot_hz = 25e6": "slot_hz = 10e6",
    "slot_hz = 5e6": "slot_hz = 2e6",
    "loss_db = 10.0": "loss_db = 6.0",
}


class Table:
    """The optical table: instruments, and what stands behind them."""

    def __init__(self, scenario, seed):
        self.scenario = scenario
        self.bench = make_bench(scenario.emulation, scenario.parameters, seed)
        self.shelf = Shelf(self.bench, scenario.instruments)
        addresses, self.models = in_memory(self.shelf)
        self.rigs = {
            party: Rig(party, {r: c for r, c in here.items() if r != "random"}, addresses, self.models)
            for party, here in scenario.instruments.items()
        }
        self.stand = Stand(scenario, self.rigs, BenchTime(self.models.clock))


@pytest.fixture(scope="session")
def misaligned(tmp_path_factory):
    """The scenario, with less of everything."""
    text = scenario_path("misaligned").read_text()
    for long, short in QUICK.items():
        assert text.count(long) == 1, long
        text = text.replace(long, short)
    path = tmp_path_factory.mktemp("scenario") / "bench.toml"
    path.write_text(text)
    return path


@pytest.fixture
def table(misaligned):
    """Set a table up, with whatever is different about it."""
    tables = []

    def make(seed=1, settings=None, **emulation):
        scenario = load_scenario(misaligned)
        for place, values in (settings or {}).items():
            party, role = place.split(".")
            config = scenario.instruments[party][role]
            scenario.instruments[party][role] = replace(config, settings={**config.settings, **values})
        scenario = replace(scenario, emulation=replace(scenario.emulation, **emulation))
        tables.append(Table(scenario, seed))
        return tables[-1]

    yield make
    for each in tables:
        each.stand.close()

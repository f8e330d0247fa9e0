"""``qkdctl doctor``: connect to every instrument of a scenario, side by side, and say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich import box
from rich.table import Table
from rich.text import Text

from drivers.registry import Addresses
from postproc.types import Role
from qkdctl.cli.interrupt import unwinding
from qkdctl.cli.output import json_option, out, print_json
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import scenario_argument
from qkdctl.config.instruments import on_rack
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.config.scenario import Scenario
from qkdctl.darkness import look_into_the_dark
from qkdctl.doctor import Examined, examine
from qkdctl.errors import ConfigurationError, InstrumentsError
from qkdctl.node.addresses import read_addresses
from qkdctl.rack import make_rack

Rack = Mapping[str, Addresses]
"""Where emulated instruments answer."""


@click.command()
@scenario_argument
@click.option(
    "--addresses", type=click.Path(path_type=Path), help="Where instruments answer, as rack up writes it."
)
@json_option
@unwinding()
def doctor(config: str, addresses: Path | None, as_json: bool) -> int:
    """Connect to every instrument of the scenario CONFIG; say what is fine, what is not, and what to do."""
    scenario = load_scenario(scenario_path(config))
    if not scenario.instruments:
        raise ConfigurationError(
            f"{scenario.name}: names no instruments; see the [instruments] tables of demo.toml"
        )
    found = _examine(scenario, addresses)
    if as_json:
        print_json({"instruments": [each.figures() for each in found]})
    else:
        out.print(_table(found))
    return 0 if all(each.well for each in found) else InstrumentsError.exit_code


def _examine(scenario: Scenario, addresses: Path | None) -> list[Examined]:
    if addresses is not None:
        return _side_by_side(scenario, read_addresses(addresses).instruments)
    if on_rack(scenario.instruments):
        with make_rack(scenario, seed=1) as rack:
            return _side_by_side(scenario, rack.addresses)
    return _side_by_side(scenario, {})


def _side_by_side(scenario: Scenario, rack: Rack) -> list[Examined]:
    named = [(party, name) for party, here in scenario.instruments.items() for name in here]
    with ThreadPoolExecutor(len(named)) as pool:
        found = list(pool.map(lambda place: _examine_one(scenario, *place, rack=rack), named))
        # Only now is everybody's light off.
        parties = pool.map(lambda party: _in_the_dark(scenario, party, found, rack), scenario.instruments)
        return [each for here in parties for each in here]


def _in_the_dark(scenario: Scenario, party: Role, found: list[Examined], rack: Rack) -> list[Examined]:
    own = [each for each in found if each.name.partition(".")[0] == party]
    return look_into_the_dark(party, scenario.instruments[party], rack, own)


def _examine_one(scenario: Scenario, party: Role, name: str, *, rack: Rack) -> Examined:
    return examine(party, name, scenario.instruments[party][name], rack)


def _table(found: list[Examined]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("instrument", "identity", "emulated", "finding"):
        table.add_column(name, overflow="fold")
    for each in found:
        table.add_row(each.name, plain(each.identity), each.emulated, _findings(each))
    return table


def _findings(each: Examined) -> Text:
    lines = []
    for finding in each.findings:
        remedy = f": {finding.remedy}" if finding.remedy else ""
        lines.append(Text(plain(f"{finding.what}{remedy}"), style="green" if finding.good else "bold red"))
    return Text("\n").join(lines)

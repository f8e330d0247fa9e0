"""What a session would do, said before it does it."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from postproc.parameters.session import Bbm92
from postproc.protocols import proof_of
from qkdctl.acquisition import Plan
from qkdctl.cli.output import out, print_json
from qkdctl.cli.plain import plain
from qkdctl.errors import ConfigurationError


def intent(plan: Plan) -> dict[str, Any]:
    """Say what a plan would do.

    Raises
    ------
    ConfigurationError
        If a party has no instruments.
    """
    for role, each in plan.scenarios.items():
        if not each.instruments.get(role):
            raise ConfigurationError(
                f"{plan.scenario_files[role]}: names no instruments for {role.capitalize()}"
            )
    scenario = plan.scenarios["alice"]
    parameters = scenario.parameters
    proof, waived = proof_of(parameters)
    block_s = (
        parameters.block_s
        if isinstance(parameters, Bbm92)
        else parameters.slots_per_block / parameters.slot_hz
    )
    return {
        "scenario": scenario.name,
        "protocol": parameters.protocol,
        "proof": proof.name,
        "waived": list(waived),
        "duration_s": plan.duration_s,
        "blocks": max(int((plan.duration_s - parameters.clock.preamble_s) / block_s), 0),
        "stores": str(plan.stores),
        "calibrations": sorted({str(path) for path in plan.calibrations.values()}),
        "begins_anew_with_psk": plan.shared_key is not None,
        "instruments": {
            f"{role}.{name}": {"driver": config.driver, "address": config.address}
            for role, each in plan.scenarios.items()
            for name, config in each.instruments.get(role, {}).items()
        },
    }


def print_plan(plan: Plan, as_json: bool) -> None:
    """Print what a plan would do."""
    what = intent(plan)
    if as_json:
        print_json(what)
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, value in what.items():
        if name != "instruments":
            text = ", ".join(value) or "none" if isinstance(value, list) else str(value)
            table.add_row(name.replace("_", " "), plain(text))
    for place, told in what["instruments"].items():
        table.add_row(place, plain(f"{told['driver']} at {told['address']}"))
    out.print(table)
    out.print("Nothing was done.")

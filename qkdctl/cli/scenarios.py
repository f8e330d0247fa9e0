"""``qkdctl scenarios``: what comes with the package."""

from __future__ import annotations

import click

from qkdctl.cli.output import json_option, out, print_json
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import packaged_scenarios
from qkdctl.config.schema import scenario_schema


@click.command()
@click.option("--schema", is_flag=True, help="Print the form of a scenario file as JSON Schema, for editors.")
@json_option
def scenarios(schema: bool, as_json: bool) -> None:
    """List the scenarios that come with qkdctl; copy one to change it, or let `qkdctl init` do it."""
    if schema:
        print_json(scenario_schema())
        return
    rows = []
    for name, path in packaged_scenarios().items():
        scenario = load_scenario(path)
        parameters = scenario.parameters
        rows.append(
            {
                "name": name,
                "protocol": parameters.protocol,
                "proof": parameters.security.proof,
                "waived": list(scenario.waived),
                "file": str(path),
            }
        )
    if as_json:
        print_json({"scenarios": rows})
        return
    for row in rows:
        kind = "demonstration" if row["waived"] else "no waivers"
        out.print(str(row["name"]), style="bold", end="")
        out.print(f"  {row['protocol']}, {row['proof']}, {kind}\n  {row['file']}")

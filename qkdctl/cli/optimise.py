"""``qkdctl optimise``: the settings with which a link gives the most key, before the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from postproc.files import write_whole
from postproc.parameters.session import DecoyBb84
from qkdctl.chart import Series, line_chart
from qkdctl.cli.output import json_option, out, print_json, progress
from qkdctl.cli.scenario import scenario_argument
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError
from qkdctl.planning.link import LinkModel, Settings
from qkdctl.planning.optimise import best_settings, expected_bits, settings_of, shortest_block, thresholds

MOST_DB, STEP_DB = 48, 4
"""Losses of the plot."""


@click.command()
@scenario_argument
@click.option("--loss-db", type=click.FloatRange(0, 100), help="Channel loss, if not the scenario's.")
@click.option(
    "--block-s", type=click.FloatRange(1e-3, 1e6), help="Longest block, if not the scenario's, in seconds."
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw key rate against loss, finite and asymptotic, into this SVG.",
)
@json_option
def optimise(
    config: str, loss_db: float | None, block_s: float | None, plot: Path | None, as_json: bool
) -> None:
    """Find intensities, probabilities, basis bias and block size for the link of the scenario CONFIG.

    The link is that of the scenario's emulation table: loss, detectors, misalignment. Do this before a run;
    nothing found here may be chosen anew after counts were seen.
    """
    path = scenario_path(config)
    scenario = load_scenario(path)
    parameters, emulation = scenario.parameters, scenario.emulation
    if not isinstance(parameters, DecoyBb84) or not isinstance(emulation, DecoyEmulation):
        raise ConfigurationError(
            f"{path}: optimise knows links of protocol decoy-bb84 that have an [emulation] table"
        )
    model = LinkModel.of(parameters, emulation, loss_db)
    n_slots = parameters.slots_per_block if block_s is None else round(block_s * parameters.slot_hz)
    with progress("searching") as say:
        start = settings_of(parameters, emulation, n_slots)
        found = best_settings(model, start, parameters.security)
        figures = _figures(model, start, found, parameters)
        if plot is not None:
            write_whole(plot, _plot(scenario.name, parameters, emulation, found, say))
    if as_json:
        print_json(figures)
    else:
        _show(figures, plot)


def _figures(model: LinkModel, start: Settings, found: Settings, parameters: DecoyBb84) -> dict[str, Any]:
    security = parameters.security
    bits = expected_bits(model, found, security)
    return {
        "proof": security.proof,
        "transmission": model.transmission,
        "means": list(found.means),
        "probabilities": list(found.probabilities),
        "key_basis_probability": found.key_basis_probability,
        "slots_per_block": found.n_slots,
        "slots_for_most_of_it": shortest_block(model, found, security),
        "secret_bits_per_block": max(bits, 0.0),
        "secret_bits_per_s": max(bits, 0.0) / found.n_slots * parameters.slot_hz,
        "asymptotic_bits_per_s": model.asymptotic_rate() * parameters.slot_hz,
        "configured_bits_per_s": max(expected_bits(model, start, security), 0.0)
        / start.n_slots
        * parameters.slot_hz,
        "thresholds": thresholds(model, found, security) if bits > 0 else None,
    }


def _show(figures: dict[str, Any], plot: Path | None) -> None:
    means = ", ".join(f"{mean:.4g}" for mean in figures["means"])
    shares = ", ".join(f"{share:.3f}" for share in figures["probabilities"])
    rate = figures["secret_bits_per_s"]
    out.print(f"intensities            {means}  with probabilities {shares}")
    out.print(f"key basis              {figures['key_basis_probability']:.3f} at both parties")
    out.print(f"block                  {figures['slots_per_block']:,} slots")
    out.print(f"  for 90 % of the rate {figures['slots_for_most_of_it']:,} slots")
    out.print(f"key by {figures['proof']:<15} {rate:,.0f} bit/s before authentication")
    out.print(f"  as configured now    {figures['configured_bits_per_s']:,.0f} bit/s")
    out.print(f"  block without end    {figures['asymptotic_bits_per_s']:,.0f} bit/s")
    agreed = figures["thresholds"]
    if agreed is not None:
        out.print("\nThresholds that 99 % of honest blocks pass, each:\n[security.thresholds]")
        out.print(f"vacuum_min = {agreed['vacuum_min']:.0f}")
        out.print(f"single_photons_min = {agreed['single_photons_min']:.0f}")
        out.print(f"phase_error_max = {agreed['phase_error_max']:.4f}")
        out.print(f"leak_max_bits = {agreed['leak_max_bits']:.0f}")
        out.print(f"# {agreed['secret_bits']:,.0f} secret bits a block")
    if plot is not None:
        out.print(f"drew {plot}")


def _plot(name: str, parameters: DecoyBb84, emulation: DecoyEmulation, found: Settings, say: Any) -> str:
    """Draw the rates with settings found anew at every loss."""
    losses = [float(loss) for loss in range(0, MOST_DB + STEP_DB, STEP_DB)]
    finite, endless, settings = [], [], found
    for loss in losses:
        say(f"searching at {loss:.0f} dB")
        model = LinkModel.of(parameters, emulation, loss)
        settings = best_settings(model, settings, parameters.security)
        bits = expected_bits(model, settings, parameters.security)
        finite.append(max(bits, 0.0) / settings.n_slots * parameters.slot_hz)
        endless.append(model.asymptotic_rate() * parameters.slot_hz)
    lines = [
        Series(f"{found.n_slots:.1e} slots a block", losses, finite),
        Series("block without end", losses, endless),
    ]
    title = f"{name}: secret key by {parameters.security.proof}"
    return line_chart(title, "channel loss (dB)", "secret bits a second", lines, log_y=True)

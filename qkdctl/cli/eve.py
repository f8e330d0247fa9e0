"""``qkdctl eve``: strength of an attack against secret key and alarms, drawn on the emulated bench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from drivers.emulation.bench.way import check_watched
from postproc.files import write_whole
from postproc.parameters.session import DecoyBb84
from qkdctl.chart import Series, line_chart, stacked
from qkdctl.cli.output import json_option, out, print_json, progress
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import scenario_argument
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError
from qkdctl.planning.eve import ATTACKS, WATCHED, Attacked, sweep, with_lengths_from_counts


@click.command()
@scenario_argument
@click.option(
    "--attack",
    "attacks",
    multiple=True,
    type=click.Choice(ATTACKS),
    help="Attacks to draw, all by default; may be given several times.",
)
@click.option(
    "--points", type=click.IntRange(2, 101), default=6, show_default=True, help="Strengths, 0 to 1."
)
@click.option("--strongest", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True)
@click.option(
    "--from-counts",
    is_flag=True,
    help="Let each block's length follow from its own counts, as the bound gives it, not from agreed thresholds.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the bench.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the curves into this SVG.")
@json_option
def eve(
    config: str,
    attacks: tuple[str, ...],
    points: int,
    strongest: float,
    from_counts: bool,
    seed: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Draw what attacks on the link of the scenario CONFIG cost, and what notices them.

    Intercept-resend and photon-number splitting lie inside the proof: the key gets shorter by what the bound
    says. Blinding and time shift lie outside: an observable notices them, with the probability that is
    stated, and the block is refused.
    """
    path = scenario_path(config)
    scenario = load_scenario(path)
    parameters, emulation = scenario.parameters, scenario.emulation
    if not isinstance(parameters, DecoyBb84) or not isinstance(emulation, DecoyEmulation):
        raise ConfigurationError(
            f"{path}: eve knows links of protocol decoy-bb84 that have an [emulation] table"
        )
    try:
        check_watched(emulation.fibre, emulation.satellite, emulation.encoding)
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if from_counts:
        parameters = with_lengths_from_counts(parameters)
    strengths = [strongest * n / (points - 1) for n in range(points)]
    found: list[Attacked] = []
    with progress("attacking") as say:
        for block in sweep(parameters, emulation, attacks or ATTACKS, strengths, seed):
            found.append(block)
            say(f"{block.attack} at {block.strength:.2f}: {block.secret_bits:,} secret bits")
    if plot is not None:
        write_whole(plot, _plot(scenario.name, found))
    if as_json:
        print_json({"scenario": scenario.name, "attacks": [asdict(block) for block in found]})
    else:
        _show(found)


def _show(found: list[Attacked]) -> None:
    for attack in dict.fromkeys(block.attack for block in found):
        inside = f"noticed by {WATCHED[attack]}" if attack in WATCHED else "covered by the proof"
        out.print(f"{attack.replace('_', ' ')}: {inside}")
        out.print(
            "strength   outcome   secret bits   Eve holds   of sifted   test QBER   noticed with   in blocks"
        )
        for block in found:
            if block.attack == attack:
                out.print(_row(block))
        reasons = {block.reason for block in found if block.attack == attack and block.reason}
        for reason in sorted(reasons)[:3]:
            out.print(plain(f"  {reason}"))
        out.print()


def _row(block: Attacked) -> str:
    qber = "" if block.qber_test is None else f"{block.qber_test:.2%}"
    noticed = "" if block.detection is None else f"{block.detection:.4g}"
    blocks = "" if block.detection is None else f"{block.blocks_until_noticed or 'never'}"
    return (
        f"{block.strength:8.2f}   {block.outcome:<7} {block.secret_bits:13,} {block.known_bits:11,.0f} "
        f"{block.sifted_bits:11,} {qber:>11}   {noticed:>12} {blocks:>11}".rstrip()
    )


def _plot(name: str, found: list[Attacked]) -> str:
    """Strength against secret key, and against what refuses the block."""
    attacks = dict.fromkeys(block.attack for block in found)
    own = {attack: [block for block in found if block.attack == attack] for attack in attacks}

    def lines(value: Callable[[Attacked], float]) -> list[Series]:
        return [
            Series(attack.replace("_", " "), [b.strength for b in blocks], [value(b) for b in blocks])
            for attack, blocks in own.items()
        ]

    strength = "strength of the attack"
    return stacked(
        [
            line_chart(
                f"{name}: what an attack leaves", strength, "secret bits a block", lines(_secret_bits)
            ),
            line_chart(
                "and whether it is refused, by an observable or by the proof",
                strength,
                "probability that the block is refused",
                lines(_refused),
            ),
        ]
    )


def _secret_bits(block: Attacked) -> float:
    return block.secret_bits


def _refused(block: Attacked) -> float:
    """As stated beforehand where an observable must notice; as it happened where the bound decides."""
    return float(block.outcome != "key") if block.detection is None else block.detection

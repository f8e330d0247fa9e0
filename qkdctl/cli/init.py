"""``qkdctl init``: a scenario of one's own, by a few questions, and a look at its instruments."""

from __future__ import annotations

from pathlib import Path

import click

from postproc.files import write_whole
from qkdctl.cli.output import err, out
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import ScenarioName
from qkdctl.config.draft import drafted, places
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import packaged_scenarios, scenario_path
from qkdctl.errors import UsageError

EMULATED = "rack"


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("lab.toml"))
@click.option("--from", "base", type=ScenarioName(), help="Scenario to begin from; asked for by default.")
@click.option("--address", "given", multiple=True, metavar="PLACE=ADDRESS", help="Where an instrument is.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given stays emulated.")
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
@click.option("--doctor/--no-doctor", "look", default=True, help="Look at the instruments at the end.")
@click.pass_context
def init(
    context: click.Context,
    file: Path,
    base: str | None,
    given: tuple[str, ...],
    yes: bool,
    force: bool,
    look: bool,
) -> int:
    """Write a scenario of your own to FILE, lab.toml by default: ask where the instruments are, then try them."""
    if file.exists() and not force:
        raise UsageError(f"{file}: is there already; give another name, or --force to write over it")
    text = scenario_path(base or _base(yes)).read_text()
    addresses = _given(given)
    if not yes:
        addresses |= _asked({place: d for place, d in places(text).items() if place not in addresses})
    write_whole(file, drafted(text, file.stem, addresses))
    load_scenario(file)
    out.print(
        plain(f"{file} is written; thresholds and intensities in it are the example's, see its comments")
    )
    if look and load_scenario(file).instruments:
        from qkdctl.cli.doctor import doctor

        code: int = context.invoke(doctor, config=str(file), addresses=None, as_json=False)
        return code
    return 0


def _base(yes: bool) -> str:
    ready = [name for name, path in packaged_scenarios().items() if load_scenario(path).instruments]
    if yes:
        return ready[0]
    err.print("What kind of link? `qkdctl scenarios` says more.")
    answer: str = click.prompt("Begin from", type=click.Choice(ready), default=ready[0], err=True)
    return answer


def _given(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for place, equals, address in pairs:
        if not (place and equals and address):
            raise UsageError(
                f"--address {place}: expected PLACE=ADDRESS, such as bob.tagger=serial:///dev/ttyACM0"
            )
    return {place: address for place, _, address in pairs}


def _asked(waiting: dict[str, str]) -> dict[str, str]:
    err.print(f'Where is each instrument? "{EMULATED}" has it emulated; docs/instruments.md lists addresses.')
    answers = {
        place: click.prompt(f"{place} ({driver})", default=EMULATED, err=True)
        for place, driver in waiting.items()
    }
    return {place: address for place, address in answers.items() if address != EMULATED}

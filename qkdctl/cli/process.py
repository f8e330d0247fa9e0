"""``qkdctl process``: recorded tags through all stages."""

from __future__ import annotations

from pathlib import Path

import click

from postproc.timetags.formats.sealed import RecordingKey
from postproc.types import Role
from qkdctl.cli.campaign import process_campaign
from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.output import json_option, print_json
from qkdctl.cli.recording import repeat
from qkdctl.cli.scenario import ScenarioName
from qkdctl.cli.stores import store_option
from qkdctl.cli.table import print_summary
from qkdctl.cli.tags_options import KeyFile
from qkdctl.cli.verdict import verdict
from qkdctl.cli.watch import watching
from qkdctl.config.packaged import scenario_path
from qkdctl.offline import Job, make_keys
from qkdctl.seeds import both_seeded

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("config", type=ScenarioName(), required=False)
@click.option(
    "--alice",
    type=FILE,
    multiple=True,
    help="Alice's recording: tags, or prepared states. Once for each pass where the scenario pools passes.",
)
@click.option("--bob", type=FILE, multiple=True, help="Bob's recording of tags, likewise.")
@click.option("--campaign", type=FILE, metavar="FOLDER", help="Many recordings: a folder for each.")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Spread a campaign over Dask's workers: local, or tls://host:port."
)
@click.option("--bob-config", type=ScenarioName(), help="Bob's own scenario, if it is not the same file.")
@click.option("--key", type=KeyFile(), help="Secret of two bundles, as qkdctl run --record writes them.")
@click.option("--recording-key", type=KeyFile(), help="Secret of recordings that are encrypted.")
@click.option("--psk", type=FILE, help="Pre-shared key: both authentication pools begin anew with it.")
@click.option("--seed", type=int, help="Seeded randomness, for replays: keys become demonstrations.")
@store_option
@json_option
def process(
    config: str | None,
    alice: tuple[Path, ...],
    bob: tuple[Path, ...],
    campaign: Path | None,
    scheduler: str | None,
    bob_config: str | None,
    key: RecordingKey | None,
    recording_key: RecordingKey | None,
    psk: Path | None,
    seed: int | None,
    directory: Path,
    as_json: bool,
) -> int:
    """Make keys of two recordings, as two isolated parties would; or of many, two by two.

    CONFIG is a scenario file, or the name of one that comes with qkdctl. Two bundles of a recorded session hold their
    own: give the folder of the session for each party, and --key.
    """
    if key is not None:
        if len(alice) != 1 or len(bob) != 1 or config or campaign or psk or seed is not None or recording_key:
            raise click.UsageError(
                "bundles hold their own scenario, randomness and authentication keys: give --alice, --bob and --key"
            )
        return repeat({"alice": alice[0], "bob": bob[0]}, key, directory, as_json)
    if config is None:
        raise click.UsageError("name a scenario; or repeat a recorded session with --alice, --bob and --key")
    files: dict[Role, Path] = {"alice": scenario_path(config), "bob": scenario_path(bob_config or config)}
    if campaign is not None:
        if alice or bob or psk or recording_key:
            raise click.UsageError(
                "--campaign finds its recordings in its folder, none of them encrypted, and shares a key for each "
                "by itself"
            )
        return process_campaign(campaign, files, directory, seed, scheduler, as_json)
    if scheduler:
        raise click.UsageError("--scheduler spreads many recordings; name their folder with --campaign")
    if not alice or not bob:
        raise click.UsageError(
            "name both recordings with --alice and --bob, or a folder of many with --campaign"
        )
    job = Job(files, {"alice": alice, "bob": bob}, directory, psk, recording_key)
    with stoppable() as stop, watching() as watch:
        run, summary = make_keys(job, entropy=both_seeded(seed), watch=watch, stop=stop)
    if as_json:
        print_json(summary)
    else:
        print_summary(summary, directory)
    return verdict(run, summary)

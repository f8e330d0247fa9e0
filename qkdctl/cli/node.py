"""``qkdctl node``: one node of a link, for two machines."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import msgspec

from postproc.types import Role
from qkdctl.cli import EXIT_INTERRUPTED
from qkdctl.cli.calibrated import calibration_options, load_calibrated
from qkdctl.cli.ends import Ends
from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.origin import vouched_for
from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.cli.recording import checked_key, record_options, record_spec, retune_option
from qkdctl.cli.scenario import scenario_argument
from qkdctl.cli.stores import store_option
from qkdctl.config.packaged import scenario_path
from qkdctl.diagnosis import raise_if_refused
from qkdctl.errors import UsageError
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.pair import store_path
from qkdctl.keystore.sharedkey import read_shared_key
from qkdctl.keystore.store import KeyStore
from qkdctl.monitor.beacon import beacon
from qkdctl.node.addresses import read_addresses
from qkdctl.node.curve_keys import check_key, read_keys
from qkdctl.node.label import label_of
from qkdctl.node.sessions import Sessions
from qkdctl.node.spec import NodeSpec, PeerSpec

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("role", type=click.Choice(["alice", "bob"]))
@scenario_argument
@click.option("--listen", help="Wait for the other node here, such as tcp://0.0.0.0:5570.")
@click.option("--connect", help="Reach the other node there, such as tcp://192.0.2.7:5570.")
@click.option("--keys", type=FILE, required=True, help="This node's CURVE keys, from qkdctl keygen.")
@click.option("--peer-key", required=True, help="The other node's public CURVE key.")
@click.option("--psk", type=FILE, help="Pre-shared key for authentication: the pool begins anew with it.")
@click.option("--duration", "duration_s", type=click.FloatRange(0.01), default=60.0, show_default=True)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0.1, 1e5),
    default=60.0,
    show_default=True,
    help="Seconds that the other node may take to appear.",
)
@click.option(
    "--restarts",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="How often to begin anew after something broke: a process, an instrument, the line.",
)
@click.option("--addresses", type=FILE, help="Addresses of instruments, as qkdctl rack up writes them.")
@click.option("--recording", type=FILE, help="Play a recording instead of instruments.")
@record_options
@calibration_options
@retune_option
@store_option
def node(
    role: Role,
    config: str,
    listen: str | None,
    connect: str | None,
    keys: Path,
    peer_key: str,
    psk: Path | None,
    duration_s: float,
    wait_s: float,
    restarts: int,
    addresses: Path | None,
    recording: Path | None,
    record: Path | None,
    record_key: Path | None,
    record_mib: int | None,
    calibration: Path | None,
    uncalibrated: bool,
    retune: str,
    directory: Path,
) -> int:
    """Run one node, ROLE alice or bob, of the scenario CONFIG."""
    if (listen is None) == (connect is None):
        raise UsageError("give either --listen or --connect: one node waits for the other")
    path = scenario_path(config)
    scenarios, calibrations = load_calibrated({role: path}, calibration, uncalibrated)
    scenario = scenarios[role]
    scenario.check_live()
    own = read_keys(keys)
    check_key(peer_key)
    store = store_path(directory, role)
    if psk is not None:
        _begin_pool(store, role, read_shared_key(psk))
    with (
        tempfile.TemporaryDirectory(prefix="qkdctl-") as private,
        stoppable() as stop,
        beacon(scenario, duration_s) as show,
    ):
        spec = NodeSpec(
            role=role,
            directory=private,
            scenario=str(path.resolve()),
            store=str(store.resolve()),
            label=label_of(
                scenario, recorded=bool(recording or record), emulated=addresses is not None, seeded=False
            ),
            peer=PeerSpec(listen or connect or "", listen is not None, own.public, own.secret, peer_key),
            duration_s=duration_s,
            wait_s=wait_s,
            restarts=restarts,
            rack=read_addresses(addresses).instruments if addresses else {},
            recording=str(recording.resolve()) if recording else None,
            layout=scenario.layout,
            retune=retune,
            record=record_spec(role, record, checked_key(record, record_key), record_mib),
            calibration=str(calibrations[role].resolve()) if role in calibrations else None,
        )
        show({role: Path(private)})
        ends = Ends()
        sessions = Sessions(spec, ends)
        sessions.run(stop)
        while sessions.failure is not None and (real := vouched_for([sessions.failure])):
            spec = msgspec.structs.replace(spec, vouched=(*spec.vouched, *real))
            sessions = Sessions(spec, ends)
            sessions.run(stop)
        if sessions.failure is not None:
            err.print(plain(f"qkdctl: {sessions.failure.reason}"))
            return sessions.failure.exit_code
        if sessions.not_begun is not None:
            raise_if_refused(sessions.not_begun)
        if stop():
            return EXIT_INTERRUPTED
        ends.raise_without_key()
        return 0


def _begin_pool(store: Path, role: Role, shared_key: bytes) -> None:
    """Begin the authentication pool with a pre-shared key, but for a node that is started again as it was before."""
    with sole_run(store), KeyStore(store, role) as opened:
        if opened.pool.began_with(shared_key):
            err.print("the authentication pool began with this pre-shared key; what is left of it serves")
        else:
            opened.pool.import_shared_key(shared_key)

"""``qkdctl network``: set a network of links up, look at it, cut and heal it, take it down."""

from __future__ import annotations

from pathlib import Path

import click

from qkdctl.cli.network_tables import figures, forecast_table, link_table, look_ahead, node_table
from qkdctl.cli.output import err, json_option, out, print_json, progress
from qkdctl.cli.plain import plain
from qkdctl.cli.served import names_of, served_options
from qkdctl.network import control, stores
from qkdctl.network.catalogue import packaged_topologies, topology_path
from qkdctl.network.layout import Layout
from qkdctl.network.topology import load_topology

FILE = click.Path(path_type=Path)
RUN = Path("qkdctl-network")

directory_option = click.option(
    "--dir",
    "directory",
    type=FILE,
    default=RUN,
    show_default=True,
    help="Where the network's files are.",
)


@click.group()
def network() -> None:
    """Run a network of links: trusted nodes, satellites, domains."""


@network.command()
@click.argument("topology")
@directory_option
@click.option(
    "--node", "nodes", multiple=True, metavar="NAME", help="Start this node; all of this host's by default."
)
@click.option(
    "--host", default="localhost", show_default=True, help="What this host is called in the topology."
)
def up(topology: str, directory: Path, nodes: tuple[str, ...], host: str) -> None:
    """Set up the network of the file TOPOLOGY and start its nodes; those that run go on.

    A topology that comes with qkdctl can be given by its name.
    """
    path = topology_path(topology)
    with progress("starting the nodes"):
        settled = load_topology(path)
        started = control.up(settled, directory.resolve(), path.parent, nodes, host)
    _say_where(directory)
    err.print(plain(f"{len(started)} nodes of {settled.name} started; their files are in {directory}"))


@network.command()
@click.argument("topology")
@click.argument("parcel", type=FILE)
@click.option("--host", required=True, help="What that host is called in the topology.")
@directory_option
def pack(topology: str, parcel: Path, host: str, directory: Path) -> None:
    """Set up the network of the file TOPOLOGY, and write the file PARCEL for another of its hosts.

    In it are secrets of that host's nodes, and of nobody else: bring it there on a way that you trust, and delete it.
    """
    path = topology_path(topology)
    with progress("setting the network up"):
        names = control.pack(load_topology(path), directory.resolve(), path.parent, host, parcel)
    err.print(
        plain(f"{', '.join(names)}: packed into {parcel}; at {host}: qkdctl network join {parcel.name}")
    )


@network.command()
@click.argument("parcel", type=FILE)
@directory_option
def join(parcel: Path, directory: Path) -> None:
    """Start the nodes that the file PARCEL brings to this host; those that run go on."""
    with progress("starting the nodes"):
        started = control.join(parcel, directory.resolve())
    _say_where(directory)
    err.print(plain(f"{len(started)} nodes started; their files are in {directory}"))


def _say_where(directory: Path) -> None:
    """Print where the nodes of this host are reached, and whom they serve."""
    for one in control.status(directory.resolve()):
        if one.process and one.state and one.spec:
            saes = f"  {', '.join(one.spec.saes)}" if one.spec.saes else ""
            out.print(plain(f"{one.name}  {one.state.url}{saes}"))


@network.command()
@directory_option
@json_option
def status(directory: Path, as_json: bool) -> None:
    """Say how nodes and links are, and how much key each link has."""
    nodes = control.status(directory.resolve())
    if as_json:
        print_json(figures(nodes))
        return
    out.print(node_table(nodes))
    out.print(link_table(nodes))


@network.command()
@click.argument("name")
@directory_option
def cut(name: str, directory: Path) -> None:
    """Cut the link NAME, or kill the node NAME."""
    err.print(plain(f"{control.cut(directory.resolve(), name)} {name} is cut"))


@network.command()
@click.argument("name")
@directory_option
def heal(name: str, directory: Path) -> None:
    """Make the link NAME whole again, or start the node NAME."""
    err.print(plain(f"{control.heal(directory.resolve(), name)} {name} is up"))


@network.command()
@directory_option
def down(directory: Path) -> None:
    """Stop all nodes of this host. Their keys stay, and `up` goes on with them."""
    err.print(f"{len(control.down(directory.resolve()))} nodes stopped")


@network.command()
@directory_option
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=24.0, show_default=True)
@click.option(
    "--taken",
    "taken",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Bits that are taken from each link in a scenario second.",
)
@json_option
def forecast(directory: Path, hours: float, taken: float, as_json: bool) -> None:
    """Say how much key each link will have, in scenario hours from now."""
    found = []
    for one in control.status(directory.resolve()):
        for spec in one.spec.links if one.spec and one.state else ():
            if spec.party == "alice" and one.state:
                found.append(look_ahead(spec, one.state, 3600 * hours, taken / 8))
    if as_json:
        print_json({"hours": hours, "links": found})
        return
    out.print(forecast_table(found, hours))


@network.command()
@directory_option
@served_options
def monitor(directory: Path, host: str, port: int, names: tuple[str, ...]) -> None:
    """Show the network in the browser, live, until Ctrl-C.

    Whoever can reach the page can read it, and nobody can change anything there.
    """
    from qkdctl.cli.monitor import serve_page
    from qkdctl.network.page.board import NetworkBoard
    from qkdctl.network.page.server import application

    called = names_of(host, names)
    control.status(directory.resolve())
    serve_page(application(NetworkBoard(directory.resolve()), called), host, port)


@network.command()
@directory_option
@json_option
def audit(directory: Path, as_json: bool) -> None:
    """Go through the audit logs of all key stores, and print their heads: note them down elsewhere."""
    heads = {
        path: str(head)
        for one in control.status(directory.resolve())
        for path, head in stores.verify_all(Layout(directory.resolve()).node(one.name)).items()
    }
    if as_json:
        print_json({"heads": heads})
        return
    for path, head in heads.items():
        out.print(plain(f"{head}  {path}"))


@network.command()
@click.argument("name")
@directory_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def zeroise(name: str, directory: Path, yes: bool) -> None:
    """Destroy all keys of the node NAME, which must not run, and what they were encrypted with."""
    home = Layout(directory.resolve()).node(name)
    if not yes:
        click.confirm(f"Destroy all keys of {plain(name)}?", abort=True, err=True)
    gone = stores.zeroise_all(home)
    err.print(
        plain(f"all keys of {name} are destroyed, in {len(gone)} stores; other nodes still have theirs")
    )


@network.command(name="list")
def list_() -> None:
    """List the topologies that come with qkdctl."""
    for name, path in packaged_topologies().items():
        out.print(f"{name}  {path}")

"""``qkdctl rack``: emulated instruments on ports and pseudo-terminals, for our own drivers and anybody's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep

import click

from drivers.emulation.rack import RackControl
from drivers.registry import Addresses
from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.output import jsonable, out
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import scenario_argument
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import UsageError
from qkdctl.node.addresses import read_addresses, write_addresses
from qkdctl.rack import make_rack

FILE = click.Path(path_type=Path)
ADDRESSES = Path("rack.json")
LOOK_S = 0.1

addresses_option = click.option(
    "--addresses", type=FILE, default=ADDRESSES, show_default=True, help="File with the rack's addresses."
)


@click.group()
def rack() -> None:
    """Host emulated instruments, and change what happens to them."""


@rack.command()
@scenario_argument
@addresses_option
@click.option("--seed", type=int, help="Of everything on the bench that happens by chance.")
@click.option("--speed", type=click.FloatRange(0.001, 10), default=1.0, help="Bench seconds in a second.")
def up(config: str, addresses: Path, seed: int | None, speed: float) -> int:
    """Host the instruments of CONFIG until Ctrl-C; write down where they answer."""
    scenario = load_scenario(scenario_path(config))
    chosen = secrets.randbits(63) if seed is None else seed
    with stoppable() as stop, make_rack(scenario, chosen, speed) as here:
        write_addresses(addresses, here.control_address, here.addresses)
        try:
            places = _places(here.addresses)
            width = max(map(len, places), default=0)
            for name, where in places.items():
                out.print(plain(f"{name:<{width}}  {where}"))
            out.print(
                plain(f"{len(here.addresses)} instruments are up, written to {addresses}; Ctrl-C ends it")
            )
            while not stop():
                sleep(LOOK_S)
        finally:
            addresses.unlink(missing_ok=True)
    return 0


@rack.command("set")
@click.argument("knob")
@click.argument("value")
@addresses_option
def set_(knob: str, value: str, addresses: Path) -> None:
    """Turn a KNOB of the bench, such as channel.cut, to VALUE."""
    with _control(addresses) as control:
        control.set(knob, _value(value))


@rack.command()
@click.argument("instrument")
@click.argument("kind", required=False)
@click.argument("value", required=False)
@addresses_option
def fault(instrument: str, kind: str | None, value: str | None, addresses: Path) -> None:
    """Make something wrong with an INSTRUMENT: KIND, and how much. Without these, list what can go wrong with it."""
    with _control(addresses) as control:
        if kind is None:
            for name, what in control.faults(instrument).items():
                out.print(plain(f"{name:<16} {what}"))
        elif value is None:
            raise UsageError(f"{kind}: how much? Give true or false, or a number")
        else:
            control.fault(instrument, kind, _value(value))


@rack.command()
@click.argument("instrument")
@click.argument("text")
@addresses_option
def say(instrument: str, text: str, addresses: Path) -> None:
    """Operate an INSTRUMENT at its front panel: TEXT in its own language."""
    with _control(addresses) as control:
        out.print(plain(control.say(instrument, text)))


@rack.command()
@addresses_option
def snapshot(addresses: Path) -> None:
    """Print the position of all knobs, and what is wrong with whom, as JSON."""
    with _control(addresses) as control:
        click.echo(json.dumps(jsonable(control.snapshot()), indent=2))


def _places(addresses: Mapping[str, Addresses]) -> dict[str, str]:
    """Where each instrument answers, and each of its ports where it has several."""
    found: dict[str, str] = {}
    for name, address in addresses.items():
        ports = (
            {name: address} if isinstance(address, str) else {f"{name}.{p}": a for p, a in address.items()}
        )
        found |= ports
    return found


@contextmanager
def _control(addresses: Path) -> Iterator[RackControl]:
    with closing(RackControl(read_addresses(addresses).control)) as control:
        yield control


def _value(text: str) -> float | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r} is neither a number nor true or false") from None

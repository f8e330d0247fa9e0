"""``qkdctl monitor``: running sessions in the browser, as metrics, and alarms told on."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path

import click
from aiohttp import web

from qkdctl.cli.interrupt import stoppable
from qkdctl.cli.output import err, out
from qkdctl.cli.plain import plain
from qkdctl.cli.scenario import ScenarioName
from qkdctl.cli.served import OWN, names_of, served_options
from qkdctl.cli.stores import store_option
from qkdctl.config.instruments import on_rack
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import UsageError
from qkdctl.monitor.board import Board
from qkdctl.monitor.desk import Desk, Duty
from qkdctl.monitor.hooks import Hook, Hooks, command, webhook
from qkdctl.monitor.login import Login, token_in
from qkdctl.monitor.server import Control, application

TOKEN = Path("monitor.token")
FILE = click.Path(path_type=Path)
LOOK_S = 0.2


@click.command()
@served_options
@click.option("--on-alarm", "commands", multiple=True, help="Command to run at each alarm; reads it as JSON.")
@click.option("--webhook", "urls", multiple=True, help="Web address to post each alarm to, as JSON.")
@click.option(
    "--control", "config", type=ScenarioName(), help="Scenario whose sessions can be operated from the page."
)
@click.option(
    "--token", type=FILE, default=TOKEN, show_default=True, help="File of the token that operating takes."
)
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(1, 1e6),
    default=3600.0,
    show_default=True,
    help="Seconds of a session that is started from the page.",
)
@click.option(
    "--bench-speed", type=click.FloatRange(0.001, 10), default=1.0, help="Bench seconds in a second."
)
@store_option
def monitor(
    host: str,
    port: int,
    names: tuple[str, ...],
    commands: tuple[str, ...],
    urls: tuple[str, ...],
    config: str | None,
    token: Path,
    duration_s: float,
    bench_speed: float,
    directory: Path,
) -> int:
    """Show the sessions of this machine in the browser, live, until Ctrl-C.

    Whoever can reach the page can read it. Only with --control can anything be changed there, and only by whoever has
    the token. Metrics are under /metrics.
    """
    called = names_of(host, names)
    control = None
    if config is not None:
        if host not in OWN:
            raise UsageError(f"--control is for this machine alone, not for {host}; reach it by ssh -L")
        control = _control(scenario_path(config), token, duration_s, bench_speed, directory)
    told = Hooks(_hooks(commands, urls), lambda sentence: err.print(plain(f"qkdctl: {sentence}")))
    app = application(Board(), called, told, control)
    try:
        serve_page(app, host, port)
    finally:
        told.close()
    return 0


def serve_page(app: web.Application, host: str, port: int) -> None:
    """Serve a page until Ctrl-C; print its address.

    Raises
    ------
    UsageError
        If it cannot be served there.
    """
    with stoppable() as stop:
        try:
            asyncio.run(_serve(app, host, port, stop))
        except OSError as error:
            raise UsageError(f"{host}:{port}: cannot serve there: {error.strerror}") from None


def _control(scenario: Path, token: Path, duration_s: float, bench_speed: float, store: Path) -> Control:
    """Make the desk; what is wrong with the scenario is told now."""
    emulated = on_rack(load_scenario(scenario).instruments)
    login = Login(token_in(token))
    err.print(plain(f"the token for the controls is in {token}"))
    duty = Duty(scenario.resolve(), store.resolve(), duration_s, emulated, bench_speed)
    return Control(Desk(duty), login)


async def _serve(app: web.Application, host: str, port: int, stop: Callable[[], bool]) -> None:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = runner.addresses[0]
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        out.print(f"http://{name}:{address[1]}/")
        out.file.flush()
        while not stop():
            await asyncio.sleep(LOOK_S)
    finally:
        await runner.cleanup()


def _hooks(commands: tuple[str, ...], urls: tuple[str, ...]) -> list[Hook]:
    try:
        return [command(shlex.split(line)) for line in commands] + [webhook(url) for url in urls]
    except ValueError as error:
        raise UsageError(str(error)) from None

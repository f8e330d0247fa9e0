"""The command group; each command's module is imported when it is called."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

COMMANDS = {
    "demo": ("qkdctl.cli.run", "Show a whole link at work, emulated: from light to two equal keys."),
    "run": ("qkdctl.cli.run", "Record and make keys, live: both nodes on this machine."),
    "init": ("qkdctl.cli.init", "Write a scenario of your own, by a few questions."),
    "node": ("qkdctl.cli.node", "Run one node of a link, for two machines."),
    "rack": ("qkdctl.cli.rack", "Host emulated instruments, and change what happens to them."),
    "calibrate": (
        "qkdctl.cli.calibrate",
        "Find and set delays, thresholds, bias, light and polarisation.",
    ),
    "doctor": ("qkdctl.cli.doctor", "Connect to every instrument of a scenario and look after it."),
    "instruments": (
        "qkdctl.cli.instruments",
        "List the instruments that are supported, and on what evidence.",
    ),
    "monitor": ("qkdctl.cli.monitor", "Show running sessions in the browser; metrics; hooks for alarms."),
    "health": ("qkdctl.cli.health", "Say how every node on this machine is."),
    "report": ("qkdctl.cli.report", "Write a page about a session."),
    "process": ("qkdctl.cli.process", "Make keys of recorded tags, two isolated parties."),
    "tags": ("qkdctl.cli.tags", "Look at, convert and generate recordings."),
    "optimise": ("qkdctl.cli.optimise", "Find the settings with which a link gives the most key."),
    "eve": ("qkdctl.cli.eve", "Draw what an eavesdropper costs, and what notices her."),
    "keys": ("qkdctl.cli.keys", "List, export, fetch and destroy keys."),
    "kme": ("qkdctl.cli.kme", "Serve keys to applications (ETSI GS QKD 014)."),
    "network": ("qkdctl.cli.network", "Run a network of links: trusted nodes, satellites, domains."),
    "audit": ("qkdctl.cli.audit", "Read and verify the audit log of a key store."),
    "scenarios": ("qkdctl.cli.scenarios", "List the scenarios that come with qkdctl."),
    "identity": ("qkdctl.cli.identity", "Make a party's signing key, and know the other party's."),
    "keygen": ("qkdctl.cli.keygen", "Make the keys by which two nodes know each other."),
    "faults": ("qkdctl.cli.faults", "Break sessions on purpose, and see that no key is lost."),
    "soak": ("qkdctl.cli.soak", "Run a session for hours, and see that nothing grows."),
    "bench": ("qkdctl.cli.bench", "Measure the kernels and the chain, each answer checked first."),
}

EPILOG = """\b
Exit codes: 0 done; 1 internal error; 2 usage; 3 configuration; 4 recording, key file or key store;
5 no block ended in key; 6 the parties' configurations differ; 7 no clock lock; 8 instrument failed; 9 other node lost;
10 key server unreachable or refusing; 130 interrupted."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the one that was probably meant."""
        meant = get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and meant:
            raise click.UsageError(f"No such command {args[0]!r}; did you mean {meant[0]}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qkdctl")
def root() -> None:
    """Device control and post-processing for quantum key distribution."""

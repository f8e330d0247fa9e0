"""Live sessions on emulated racks: two nodes in processes of their own, instruments on real ports."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from qkdctl.acquisition import Plan, acquire
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.pair import PARTIES
from qkdctl.live import Live
from qkdctl.node.addresses import write_addresses
from qkdctl.rack import make_rack


@pytest.fixture
def command(tmp_path):
    """Run qkdctl as a user does, in a directory of its own."""

    def run(*arguments, **options):
        return subprocess.run(
            [sys.executable, "-m", "qkdctl", *map(os.fspath, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
            **options,
        )

    return run


#: A short block on a short link: what live faults do to it is seen soon.
QUICK = {
    "slot_hz = 25e6": "slot_hz = 10e6",
    "slots_per_block = 50_000_000": "slots_per_block = 10_000_000",
    "channel_loss_db = 10.0": "channel_loss_db = 4.0",
    "single_photons_min = 310_000": "single_photons_min = 150_000",
    "phase_error_max = 0.048": "phase_error_max = 0.06",
    "leak_max_bits = 75_000": "leak_max_bits = 70_000",
}


@pytest.fixture
def quick(tmp_path):
    """The demo's scenario, with less of everything."""
    text = scenario_path("demo").read_text()
    for long, short in QUICK.items():
        assert long in text
        text = text.replace(long, short)
    path = tmp_path / "quick.toml"
    path.write_text(text)
    return path


@pytest.fixture
def session(tmp_path):
    """Run a session on a rack that the test has in its hands.

    ``session(config, duration_s, meddle, done)`` calls ``meddle(rack, role, event, directories)`` for every
    event of the nodes, and ends early when ``done()`` says so.
    """

    def run(
        config,
        duration_s,
        meddle=lambda rack, role, event, directories: None,
        done=lambda: False,
        speed=1.0,
        **more,
    ):
        scenario = load_scenario(config)
        plan = Plan(
            scenario_files=dict.fromkeys(PARTIES, config),
            scenarios=dict.fromkeys(PARTIES, scenario),
            stores=tmp_path / "keys",
            duration_s=duration_s,
            addresses=tmp_path / "rack.json",
            **more,
        )
        events = []
        with make_rack(scenario, 1, speed) as rack, listening() as hear:
            write_addresses(plan.addresses, rack.control_address, rack.addresses)

            def watch(directories):
                for role, event in hear(directories):
                    events.append((role, event))
                    meddle(rack, role, event, directories)

            outcome, _ = acquire(plan, watch=watch, stop=done)
        return outcome, events

    return run


@contextmanager
def listening():
    live = Live()
    try:
        yield live.hear
    finally:
        live.close()


def figures(done):
    """What a command printed with --json."""
    return json.loads(done.stdout)


def stored(directory: Path):
    """Names of the files in a directory."""
    return {path.name for path in directory.iterdir()}

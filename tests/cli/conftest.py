"""The command line in this process, and small recordings of both protocols to run it on."""

import json
import os
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from postproc.entropy import SeededEntropy
from qkdctl.cli import main
from tests.config.toml import session, written
from tests.support import links

BENCH_DETECTORS = [
    {"jitter_rms_ps": 50.0, "dead_time_ps": 30_000, "delay_ps": d} for d in (0, 700, -400, 1500)
]
BENCH_RECEIVER = {"key_basis_probability": 0.7, "detectors": BENCH_DETECTORS}
CLOCK = {"offset_ps": 10**11, "drift_ppm": 5.0}

DECOY = session(
    links.decoy_parameters(),
    emulation={
        "duration_s": 0.046,
        "channel_loss_db": 0.5,
        "misalignment_error": 0.005,
        "bob": BENCH_RECEIVER,
        "bob_clock": CLOCK,
    },
)
PAIRS = session(
    links.bbm92_parameters(),
    emulation={
        "duration_s": 0.1,
        "pair_rate_hz": 800e3,
        "key_error": 0.01,
        "test_error": 0.008,
        "alice": {"receiver": BENCH_RECEIVER, "loss_db": 1.0},
        "bob": {"receiver": BENCH_RECEIVER, "loss_db": 2.0, "clock": CLOCK},
    },
)


class Done(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Recorded(NamedTuple):
    """A scenario file and both parties' recordings of it."""

    config: Path
    alice: Path
    bob: Path

    @property
    def arguments(self):
        return (self.config, "--alice", self.alice, "--bob", self.bob)


@pytest.fixture
def qkdctl(capsys, tmp_path, monkeypatch):
    """Run a command in this process, in a directory of its own.

    What the system's randomness is in earnest is another seed for each party of each run here: no test depends on what
    it draws, such as whether a block needs more bits than its threshold grants.
    """
    drawn = count()
    monkeypatch.setattr("qkdctl.process.SystemEntropy", lambda: SeededEntropy(b"run %d" % next(drawn)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([os.fspath(part) if isinstance(part, Path) else str(part) for part in arguments])
        code = end.value.code
        return Done(code if isinstance(code, int) else 1, *capsys.readouterr())

    return run


@pytest.fixture
def sentence(qkdctl, tmp_path):
    """Run a command that must fail; give its exit code and the one sentence it says, leaving nothing behind."""

    def fail(*arguments):
        before = listing(tmp_path)
        done = qkdctl(*arguments)
        assert done.out == ""
        (line,) = done.err.splitlines()
        assert line.startswith("qkdctl: ")
        assert "Traceback" not in line and "internal error" not in line  # noqa: PT018
        assert before <= listing(tmp_path) <= before | STORES
        return done.code, line.removeprefix("qkdctl: ")

    return fail


STORES = {Path("qkdctl-keys")} | {
    Path("qkdctl-keys") / f"{party}.{suffix}"
    for party in ("alice", "bob")
    for suffix in ("sqlite", "lock", "kek")
}


def listing(directory):
    return {path.relative_to(directory) for path in directory.rglob("*")}


@pytest.fixture(scope="session")
def decoy(tmp_path_factory):
    """Decoy-state BB84: two blocks."""
    return recorded(tmp_path_factory.mktemp("decoy"), DECOY, "alice_states.h5")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """BBM92: two blocks."""
    return recorded(tmp_path_factory.mktemp("pairs"), PAIRS, "alice_tags.h5")


def recorded(directory, table, alice, seed=1):
    config = directory / "small.toml"
    config.write_text(written(table))
    with pytest.raises(SystemExit) as end:
        main(["tags", "generate", str(config), str(directory), "--seed", str(seed)])
    assert end.value.code == 0
    return Recorded(config, directory / alice, directory / "bob_tags.h5")

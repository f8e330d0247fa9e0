"""Two nodes that share nothing but a network: namespaces of their own, 10 ms and 1 % of loss between them."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.comparison import compare_stores

LINE = Path(__file__).parents[1] / "support" / "lossy_line.py"
DURATION_S = 20.0

ELAPSED_S = {}
"""By delay: the line without any comes first."""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@contextmanager
def namespaces():
    """Three of them, alice - line - bob, with a cable between neighbours; skip where that is not permitted."""
    mark = f"q{os.getpid() % 100000}"
    names = {end: f"{mark}{end}" for end in ("a", "m", "b")}
    with ExitStack() as stack:
        try:
            for name in names.values():
                ip("netns", "add", name)
                stack.callback(ip, "netns", "del", name)
                ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces cannot be made here: {error}")
        for number, end in enumerate(("a", "b"), 1):
            here, there = f"{mark}{end}0", f"{mark}{end}1"
            ip(
                "link",
                "add",
                here,
                "netns",
                names[end],
                "type",
                "veth",
                "peer",
                "name",
                there,
                "netns",
                names["m"],
            )
            for name, device, host in ((names[end], here, 2), (names["m"], there, 1)):
                ip("-n", name, "addr", "add", f"10.99.{number}.{host}/24", "dev", device)
                ip("-n", name, "link", "set", device, "up")
        yield names


@contextmanager
def inside(name, *command, cwd=None):
    with subprocess.Popen(
        ["ip", "netns", "exec", name, *map(str, command)], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()


def keygen(place, party):
    command = [sys.executable, "-m", "qkdctl", "keygen", f"{party}.curve"]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout.split()[-1]


def recordings(place):
    """A scenario, and what both parties recorded of it."""
    scenario = place / "long.toml"
    text = scenario_path("demo").read_text()
    scenario.write_text(text.replace("duration_s = 6.3", f"duration_s = {DURATION_S}"))
    command = [sys.executable, "-m", "qkdctl", "tags", "generate", scenario, "rec"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    return scenario


@pytest.mark.campaign
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("delay_s", "loss"), [(0.0, 0.0), (0.01, 0.01)])
def test_two_machines(tmp_path, delay_s, loss):
    """Each party plays its own half of one recording, so that the rate is the nodes' and not the emulation's."""
    public = {party: keygen(tmp_path, party) for party in ("alice", "bob")}
    (tmp_path / "psk").touch(0o600)
    (tmp_path / "psk").write_bytes(os.urandom(8192))
    scenario = recordings(tmp_path)
    node = [sys.executable, "-m", "qkdctl", "node"]
    shared = ["--psk", "psk", "--store", "keys"]
    alice = [
        "alice",
        scenario,
        "--listen",
        "tcp://10.99.1.2:5570",
        *shared,
        "--recording",
        "rec/alice_states.h5",
    ]
    alice += ["--keys", "alice.curve", "--peer-key", public["bob"]]
    bob = ["bob", scenario, "--connect", "tcp://10.99.2.1:5571", *shared, "--recording", "rec/bob_tags.h5"]
    bob += ["--keys", "bob.curve", "--peer-key", public["alice"]]
    line = [sys.executable, LINE, "10.99.2.1:5571", "10.99.1.2:5570", delay_s, loss]
    with namespaces() as names, inside(names["m"], *line) as forwarder:
        assert forwarder.stdout.readline() == "ready\n"
        begin_s = monotonic()
        with (
            inside(names["a"], *node, *alice, cwd=tmp_path) as one,
            inside(names["b"], *node, *bob, cwd=tmp_path) as two,
        ):
            told = [each.communicate(timeout=500)[1] for each in (one, two)]
            elapsed_s = monotonic() - begin_s
            assert (one.returncode, two.returncode) == (0, 0), told
    stores = compare_stores(tmp_path / "keys")
    print(json.dumps({"delay_s": delay_s, "loss": loss, "elapsed_s": round(elapsed_s, 1), **stores}))
    assert stores["equal"]
    assert stores["keys"] >= int((DURATION_S - 0.1) / 2.0) - 1
    # What the line is like must not show in the rate, however busy the machine is.
    ELAPSED_S[delay_s] = elapsed_s
    assert elapsed_s < 1.5 * ELAPSED_S.get(0.0, elapsed_s) + 15

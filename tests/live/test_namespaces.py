"""Two nodes that share nothing but a network: namespaces of their own, 10 ms and 1 % of loss between them."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.comparison import compare_stores

LINE = Path(__file__).parents[1] / "support" / "lossy_line.py"
DURATION_S = 20.0

LINES = {"d": (0.0, 0.0), "s": (0.01, 0.01)}
"""A direct one and a slow one: delay in seconds, loss."""

LONGEST_S = 1500


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@contextmanager
def namespaces(mark):
    """Three of them, alice - line - bob, with a cable between neighbours; skip where that is not permitted."""
    mark = f"q{os.getpid() % 100000}{mark}"
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


def session(place, names, scenario, recorded, line):
    """Run one to its end; give how long it took. Each party plays its own half of a recording."""
    public = {party: keygen(place, party) for party in ("alice", "bob")}
    node = [sys.executable, "-m", "qkdctl", "node"]
    shared = [scenario, "--psk", "psk", "--store", "keys"]
    alice = [
        "alice",
        *shared,
        "--listen",
        "tcp://10.99.1.2:5570",
        "--recording",
        recorded / "alice_states.h5",
    ]
    alice += ["--keys", "alice.curve", "--peer-key", public["bob"]]
    bob = ["bob", *shared, "--connect", "tcp://10.99.2.1:5571", "--recording", recorded / "bob_tags.h5"]
    bob += ["--keys", "bob.curve", "--peer-key", public["alice"]]
    forward = [sys.executable, LINE, "10.99.2.1:5571", "10.99.1.2:5570", *line]
    with inside(names["m"], *forward) as forwarder:
        assert forwarder.stdout.readline() == "ready\n"
        begin_s = monotonic()
        with (
            inside(names["a"], *node, *alice, cwd=place) as one,
            inside(names["b"], *node, *bob, cwd=place) as two,
        ):
            told = [each.communicate(timeout=LONGEST_S)[1] for each in (one, two)]
            elapsed_s = monotonic() - begin_s
            assert (one.returncode, two.returncode) == (0, 0), told
    return elapsed_s


@pytest.mark.campaign
@pytest.mark.timeout(LONGEST_S + 300)
def test_a_slow_line_keeps_the_rate(tmp_path):
    """Both at once, so that whatever else the machine does slows them down alike.

    The recording is played as fast as the nodes take it: what the line costs shows at its most. That a session keeps
    up with light that comes at its own pace, tests/node/test_slow_line.py shows.
    """
    psk = os.urandom(8192)
    scenario = recordings(tmp_path)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        running = {}
        for mark, line in LINES.items():
            place = tmp_path / mark
            place.mkdir()
            (place / "psk").touch(0o600)
            (place / "psk").write_bytes(psk)
            names = stack.enter_context(namespaces(mark))
            running[mark] = pool.submit(session, place, names, scenario, tmp_path / "rec", line)
        elapsed_s = {mark: future.result() for mark, future in running.items()}
    for mark in LINES:
        stores = compare_stores(tmp_path / mark / "keys")
        print(json.dumps({"line": LINES[mark], "elapsed_s": round(elapsed_s[mark], 1), **stores}))
        assert stores["equal"]
        assert stores["keys"] >= int((DURATION_S - 0.1) / 2.0) - 1
    assert elapsed_s["s"] < 1.5 * elapsed_s["d"] + 15

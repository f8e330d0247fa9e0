"""What goes wrong on a bench, one after the other: told in a sentence each, and the session goes on or ends cleanly."""

import random
import subprocess
import sys

import pytest

from postproc.blocks import SecretBlock
from postproc.outcome import BlockEnded
from qkdctl.errors import InstrumentsError
from tests.cli.conftest import DECOY, recorded


class Script:
    """Does one thing after the other: each when the event before it has come."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def __call__(self, rack, role, event, directories):
        name = event.figures.get("name", event.subject)
        if self.steps and (event.kind, name) == self.steps[0][0]:
            self.steps.pop(0)[1](rack)


def told(events, kind):
    """Names of alarms raised, or relieved, in order."""
    return [event.figures["name"] for _, event in events if event.kind == kind]


def test_light_that_goes_and_comes_back(session, quick):
    """A laser switched off, a shutter closed, a fibre cut: an alarm each, over when it is mended."""
    script = Script(
        (("clock", "locked"), lambda rack: rack.say("alice.laser", "lason 0")),
        (("alarm", "laser-dark"), lambda rack: rack.say("alice.laser", "lason 1")),
        (("relief", "laser-dark"), lambda rack: rack.say("alice.attenuator", ":OUTP 0")),
        (("alarm", "shutter-closed"), lambda rack: rack.say("alice.attenuator", ":OUTP 1")),
        (("relief", "shutter-closed"), lambda rack: rack.set("channel.cut", True)),
        (("alarm", "count-drop"), lambda rack: rack.set("channel.cut", False)),
    )
    lost = []

    def watch(rack, role, event, directories):
        script(rack, role, event, directories)
        if (role, event.kind) == ("bob", "block") and event.figures["outcome"] != "key":
            lost.append(event)

    outcome, events = session(quick, 1e6, watch, lambda: not script.steps and lost)
    assert not outcome.failures
    assert not script.steps
    assert {"laser-dark", "shutter-closed", "count-drop"} <= set(told(events, "alarm"))
    advice = [event.figures["what_to_do"] for _, event in events if event.kind == "alarm"]
    assert all(text.endswith((".", "run.")) and len(text) > 40 for text in advice)
    ends = [end for end in outcome.run.results["bob"] if isinstance(end, BlockEnded | SecretBlock)]
    assert any(isinstance(end, BlockEnded) for end in ends)


def test_an_instrument_that_falls_silent_is_named(session, quick):
    def mute(rack, role, event, directories):
        if event.kind == "clock" and role == "bob":
            rack.fault("bob.tagger", "mute", True)

    outcome, _ = session(quick, 1e6, mute)
    failure = outcome.failures["bob"]
    assert failure.exit_code == InstrumentsError.exit_code
    assert failure.reason.startswith("bob.tagger: ")
    assert "\n" not in failure.reason
    assert set(outcome.failures) == {"bob"}


@pytest.mark.parametrize(
    ("spoil", "code", "sentence"),
    [
        ("address", 8, "alice.laser: "),
        ("dark", 7, "no clock lock"),
    ],
)
def test_what_is_wrong_from_the_start(command, quick, spoil, code, sentence):
    text = quick.read_text()
    if spoil == "address":
        text = text.replace(
            '"koheron-ctl200"\naddress = "rack"', '"koheron-ctl200"\naddress = "serial:///dev/nowhere"'
        )
    else:
        text = text.replace("channel_loss_db = 4.0", "channel_loss_db = 150.0")
    quick.write_text(text)
    done = command("run", quick, "--duration", "0.7", "--json")
    assert done.returncode == code, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("qkdctl: ")
    assert sentence in last
    assert "Traceback" not in done.stderr


def test_a_node_without_its_peer_says_so(tmp_path, command):
    for party in ("alice", "bob"):
        assert command("keygen", f"{party}.curve").returncode == 0
    public = command("keygen", "other.curve").stdout.split()[-1]
    (tmp_path / "psk").touch(0o600)
    (tmp_path / "psk").write_bytes(random.Random(1).randbytes(4096))
    link = recorded(tmp_path, DECOY, "alice_states.h5")
    arguments = ["alice", str(link.config), "--listen", "tcp://127.0.0.1:*", "--keys", "alice.curve"]
    arguments += ["--peer-key", public, "--psk", "psk", "--wait", "1", "--recording", str(link.alice)]
    with subprocess.Popen(
        [sys.executable, "-m", "qkdctl", "node", *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as node:
        _, err = node.communicate(timeout=250)
    assert node.returncode == 9, err
    assert "the other node" in err.splitlines()[-1]

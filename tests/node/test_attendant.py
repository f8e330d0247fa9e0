"""What looks after a node: the computer's clock, re-tuning, health."""

import json
import os
import sys
from time import monotonic, sleep

import pytest

import qkdctl.node.retune
from postproc.conversation.record import BlockRecord
from postproc.outcome import BlockEnded
from qkdctl.cli.root import root
from qkdctl.errors import ConfigurationError
from qkdctl.node.clockwatch import ClockWatch
from qkdctl.node.health import Health, ask_health, forget_health, now, write_health
from qkdctl.node.observation import Relief
from qkdctl.node.retune import Retune

REFUSED = BlockEnded(BlockRecord(b"s" * 16, 4, figures={"test_errors": 90}), "refused", "too many errors")


def test_a_clock_that_is_set_is_noticed_once():
    wall, steady = [1000.0], [0.0]
    watch = ClockWatch(lambda: wall[0], lambda: steady[0])
    for _ in range(100):
        wall[0] += 1.001
        steady[0] += 1.0
        assert watch.look() is None
    wall[0] -= 3600
    alarm = watch.look()
    assert alarm.name == "clock-stepped"
    assert alarm.figures["step_s"] == -3600.0
    assert watch.look() is None


def until_done(retune, seconds=20.0):
    found, until_s = [], monotonic() + seconds
    while monotonic() < until_s:
        found += retune.look()
        if found or retune._running is None:
            return found
        sleep(0.02)
    raise AssertionError("did not end")


def test_a_refused_block_runs_the_command_and_tells_it_why(tmp_path):
    code = f"import sys; open({str(tmp_path / 'told')!r}, 'w').write(sys.stdin.read())"
    retune = Retune(f'{sys.executable} -c "{code}"', "bob")
    (alarm,) = retune.take(REFUSED)
    assert alarm.name == "retuning"
    assert not list(retune.take(REFUSED))
    assert until_done(retune) == [Relief("retuning", "block 4")]
    told = json.loads((tmp_path / "told").read_text())
    assert told == {"role": "bob", "block": 4, "reason": "too many errors", "figures": {"test_errors": 90}}
    assert retune.runs == 1


def test_other_ends_run_nothing():
    retune = Retune("false", "bob")
    assert not list(retune.take(BlockEnded(REFUSED.record, "aborted", "the line went")))


@pytest.mark.parametrize(("command", "what"), [("false", "code 1"), ("/no/such/command", "cannot be run")])
def test_a_command_that_fails_is_told(command, what):
    retune = Retune(command, "alice")
    alarms = [*retune.take(REFUSED), *until_done(retune)]
    assert alarms[-1].name == "retune-failed"
    assert what in alarms[-1].figures["what"]


def test_a_command_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(qkdctl.node.retune, "TIMEOUT_S", 0.1)
    retune = Retune("sleep 60", "alice")
    list(retune.take(REFUSED))
    over, alarm = until_done(retune)
    assert over == Relief("retuning", "block 4")
    assert "took longer" in alarm.figures["what"]


def test_a_command_that_works_again_is_told(tmp_path):
    retune = Retune(f"test -e {tmp_path / 'mended'}", "alice")
    list(retune.take(REFUSED))
    assert [type(each).__name__ for each in until_done(retune)] == ["Relief", "Alarm"]
    (tmp_path / "mended").touch()
    list(retune.take(REFUSED))
    assert until_done(retune) == [Relief("retuning", "block 4"), Relief("retune-failed", "test")]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("QKDCTL_SESSIONS", str(tmp_path))
    return tmp_path


def health(pid, state="running", told=None):
    return Health(pid, "bob", "lab.toml", state, "", now(), told or now(), 1, 3, 5, 600, {"channel": None})


def test_health_is_asked_in_one_place(place, capsys):
    assert root(["health"], standalone_mode=False) == 5
    write_health(health(os.getpid()))
    assert root(["health", "--json"], standalone_mode=False) == 0
    (node,) = json.loads(capsys.readouterr().out.partition("\n")[2])["nodes"]
    assert (node["state"], node["well"], node["keys"]) == ("running", True, 5)
    write_health(health(os.getpid(), "paused"))
    assert root(["health"], standalone_mode=False) == 1
    forget_health(os.getpid())
    assert not list(ask_health())


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_can_write_to_is_refused(tmp_path, monkeypatch, mode):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(mode)
    monkeypatch.setenv("QKDCTL_SESSIONS", str(theirs))
    with pytest.raises(ConfigurationError, match="theirs: expected a folder of this user"):
        write_health(health(os.getpid()))
    assert list(theirs.iterdir()) == []


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("QKDCTL_SESSIONS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "else").mkdir()
    (tmp_path / "qkdctl").symlink_to(tmp_path / "else")
    with pytest.raises(ConfigurationError, match="expected a folder"):
        write_health(health(os.getpid()))


def test_nodes_that_hang_or_are_gone_are_found_out(place):
    write_health(health(os.getpid(), told="2020-01-01T00:00:00.000+00:00"))
    write_health(health(2**22 - 1))
    assert {node.state for node in ask_health()} == {"hangs", "gone"}
    assert {node.state for node in ask_health()} == {"hangs"}

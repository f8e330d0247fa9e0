"""Who looks at a session does not end it, and is told before it begins where he would have no place."""

import json
from pathlib import Path

import pytest

from qkdctl.cli.witnesses import Witnesses, _Log, logged
from qkdctl.errors import UsageError
from qkdctl.node.telemetry import Event

EVENT = Event("acquire", "state", "recording", {"count": 1})


def test_a_log_has_a_line_for_each_event(tmp_path):
    with logged(tmp_path / "log.jsonl") as hear:
        hear("alice", EVENT)
        hear("bob", EVENT)
    first, second = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert (first["party"], second["party"]) == ("alice", "bob")
    assert first["figures"] == {"count": 1}


def test_a_session_goes_on_without_room_for_its_log(capsys):
    with logged(Path("/dev/full")) as hear:
        hear("alice", EVENT)
        hear("alice", EVENT)
    (told,) = capsys.readouterr().err.splitlines()
    assert "/dev/full: cannot be written: No space left on device" in told


def test_the_log_goes_on_when_there_is_room_again(capsys):
    class Disk:
        text, full = b"", False

        def write(self, data):
            if self.full:
                raise OSError(28, "No space left on device")
            self.text += data

    disk = Disk()
    log = _Log(disk, "log")
    log("alice", EVENT)
    disk.full, disk.text = True, disk.text + b'{"time": "20'
    log("alice", EVENT)
    disk.full = False
    log("bob", EVENT)
    lines = disk.text.splitlines()
    assert [json.loads(line)["party"] for line in (lines[0], lines[2])] == ["alice", "bob"]
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["report", "picture"])
def test_a_place_that_is_not_there_is_told_before_any_light(tmp_path, option):
    places = {"report": None, "picture": None, option: tmp_path / "plots" / "x"}
    with pytest.raises(UsageError, match=f"--{option} .*there is no folder .*plots; make it first"):
        Witnesses(log=None, monitor=False, **places).check()
    (tmp_path / "plots").mkdir()
    Witnesses(log=None, monitor=False, **places).check()

"""Days on end without anybody there: what breaks is told, and the link goes on when it is mended."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from postproc.outcome import BlockEnded
from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.comparison import compare_stores


class Course:
    """Does one thing after the other, each when an event came; keeps the alarms, and keys since the last thing."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.alarms = []
        self.keys = 0

    def __call__(self, rack, role, event, directories):
        name = event.figures.get("name", event.figures.get("outcome", event.subject))
        if event.kind == "alarm":
            self.alarms.append(name)
        if not self.steps:
            self.keys += (role, event.kind, name) == ("bob", "block", "key")
        elif (event.kind, name) == self.steps[0][0]:
            self.steps.pop(0)[1](rack)

    def over(self):
        return not self.steps and self.keys >= 1


pytestmark = pytest.mark.timeout(1800)

QUICK = scenario_path("quick").resolve()
KEY = ("block", "key")

SPEED = 0.3
"""Slow light: what is changed on the bench must not wait behind light that was sent before."""


@pytest.mark.campaign
@pytest.mark.parametrize("instrument", ["bob.tagger", "alice.transmitter", "alice.attenuator"])
def test_an_instrument_that_drops_out_and_comes_back(session, tmp_path, instrument):
    course = Course(
        (KEY, lambda rack: rack.fault(instrument, "mute", True)),
        (("state", "paused"), lambda rack: rack.fault(instrument, "mute", False)),
    )
    outcome, _ = session(QUICK, 1e6, course, course.over, restarts=100, speed=SPEED)
    assert not course.steps
    assert course.keys
    assert not outcome.failures
    assert compare_stores(tmp_path / "keys")["equal"]


@pytest.mark.campaign
def test_a_clock_that_loses_its_reference(session, tmp_path):
    course = Course(
        (KEY, lambda rack: rack.set("bob.clock.drift_ppm", -12.0)),
        (("alarm", "slots-lost"), lambda rack: None),
    )
    session(QUICK, 1e6, course, course.over, restarts=100, speed=SPEED)
    assert not course.steps
    assert course.keys
    assert compare_stores(tmp_path / "keys")["equal"]


def test_errors_over_the_threshold_call_for_tuning(session, tmp_path):
    """The block ends without key, the command runs, the next blocks make key; nothing is cut out of any."""
    called = tmp_path / "called"
    command = f"{sys.executable} -c \"open({str(called)!r}, 'a').write('x')\""
    course = Course(
        (KEY, lambda rack: rack.set("channel.misalignment_error", 0.06)),
        (("alarm", "retuning"), lambda rack: rack.set("channel.misalignment_error", 0.01)),
    )
    outcome, _ = session(QUICK, 1e6, course, course.over, restarts=100, retune=command, speed=SPEED)
    assert course.keys
    assert called.read_text()
    ends = [end for end in outcome.run.results["bob"] if isinstance(end, BlockEnded)]
    assert any(end.outcome == "refused" for end in ends)
    assert compare_stores(tmp_path / "keys")["equal"]


@contextmanager
def small_disk(place, size):
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", place],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.campaign
def test_a_disk_that_is_full(session, tmp_path):
    """No room for keys: an alarm, a pause, and on it goes when there is room again."""
    with small_disk(tmp_path / "keys", "4m") as disk:
        ballast = disk / "ballast"

        def fill(rack):
            with ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass

        course = Course(
            (KEY, fill),
            (("alarm", "disk-full"), lambda rack: ballast.unlink()),
            (("state", "paused"), lambda rack: None),
            (("state", "agreed"), lambda rack: None),
        )
        outcome, _ = session(QUICK, 1e6, course, course.over, restarts=100, speed=SPEED)
        assert not course.steps
        assert course.keys
        assert not outcome.failures
        told = compare_stores(disk)
        assert told["equal"]
        assert told["keys"] >= 2

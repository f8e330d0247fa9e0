"""A disk that is filled, and has room again."""

import sys

from qkdctl.faults.apart import _follow
from tests.support.small_disk import run_on_small_disk

FILLS = """
import shutil
import qkdctl.faults.glutton
from qkdctl.faults.glutton import PAGE, SPARED, Glutton
from qkdctl.node.telemetry import Event

def free():
    return shutil.disk_usage(disk).free

def live():
    for subject in ("preparing", "agreed"):
        yield Event("supervisor", "state", subject, {})
    yield Event("stages-0", "clock", "locked", {})
    for kind in ("sifted", "tested"):
        yield Event("stages-1", kind, "1", {})
    yield KEY

KEY = Event("supervisor", "block", "1", {"outcome": "key"})
qkdctl.faults.glutton.LONGEST_S = 0.0
empty = free()
glutton = Glutton(disk, 1, 1e-9, 2)
glutton.watch({})
assert not glutton.full, "before the moment"
for turn in (1, 2):
    assert not glutton.over
    for event in live():
        glutton.hear("bob", event)
    glutton.watch({})
    assert glutton.full
    assert free() < PAGE * SPARED
    glutton.hear("bob", KEY)
    assert not glutton.recovered, "a key that was made before counts for nothing"
    glutton.watch({})
    assert not glutton.full
    assert free() == empty
    assert not glutton.over
    glutton.hear("bob", KEY)
    assert glutton.recovered
assert glutton.over
assert glutton.fills == 2
for event in live():
    glutton.hear("bob", event)
glutton.watch({})
assert not glutton.full, "so often, then no more"
"""

ENDS = """
from qkdctl.faults.glutton import Glutton
glutton = Glutton(disk, 1, 1e-9, 2)
glutton._fill()
assert glutton.full
glutton.close()
assert not glutton.full
assert not list(disk.iterdir())
glutton.watch({})
assert not glutton.full
"""


def test_a_disk_is_filled_and_has_room_again_and_a_key_must_follow():
    run_on_small_disk(FILLS)


def test_in_the_end_there_is_room():
    run_on_small_disk(ENDS)


PATIENT = """
import signal, sys, time
from pathlib import Path
heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
Path(sys.argv[1]).touch()
while not heard:
    time.sleep(0.1)
for _ in range(10):
    time.sleep(0.1)
print(len(heard))
"""


def test_a_process_apart_is_asked_once_to_end(tmp_path):
    """Who is asked twice leaves things half done."""
    ready = tmp_path / "ready"
    told, code = _follow([sys.executable, "-c", PATIENT, str(ready)], ready.exists)
    assert (code, told) == (0, b"1\n")

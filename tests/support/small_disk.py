"""A small disk in memory, for a script in a process that alone has it mounted."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from qkdctl.faults.apart import NoDisk, find_way

BEGIN = """
import sys
from pathlib import Path
from qkdctl.faults.apart import mount_disk
disk = Path(sys.argv[1])
mount_disk(disk, "1m")

def fill(spare=0):
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
        file.truncate(file.tell() - spare)
"""


def run_on_small_disk(script):
    """Run a Python script that has `disk`, a path to 1 MiB, and `fill`; skip where no disk can be mounted."""
    with tempfile.TemporaryDirectory() as place:
        try:
            way = find_way(Path(place))
        except NoDisk as error:
            pytest.skip(str(error))
        command = [*way, sys.executable, "-c", BEGIN + script, place]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr

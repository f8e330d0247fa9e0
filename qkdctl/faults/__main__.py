"""``python -m qkdctl.faults DIRECTORY NUMBER SEED SCENARIO``: a round on a small disk; its result as JSON.

Only where what is mounted is nobody else's: see :mod:`qkdctl.faults.apart`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec

from qkdctl.cli.interrupt import stoppable
from qkdctl.faults.apart import mount_disk
from qkdctl.faults.rounds import run_on

SIZE = "16m"
"""Room for a session's keys, logs and results, and soon filled."""


def main(disk: Path, number: int, seed: int, scenario: Path) -> None:
    """Run it."""
    parent = os.getppid()
    mount_disk(disk, SIZE)
    # Not only the key stores: what the nodes write down lies there, too.
    tempfile.tempdir = str(disk)
    with stoppable() as asked:
        result = run_on(disk, number, seed, scenario, lambda: asked() or os.getppid() != parent)
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))

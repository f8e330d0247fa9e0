"""Evaluate a file of reference points: ``python -m postproc.estimation POINTS.json``.

The file is an object with ``points``, or a list of points. A JSON list of figures goes to the standard
output; exit code 2 and one sentence on the standard error if the file is not what it should be.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from postproc.errors import InputError
from postproc.estimation.points import evaluate


def main(arguments: list[str]) -> int:
    """Run the command and give its exit code."""
    if len(arguments) != 1:
        print("usage: python -m postproc.estimation POINTS.json", file=sys.stderr)
        return 2
    try:
        figures = [evaluate(point) for point in _read(Path(arguments[0]))]
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=1))
    return 0


def _read(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a readable JSON file: {error}") from error
    points = content.get("points") if isinstance(content, dict) else content
    if not isinstance(points, list):
        raise InputError(f'{path} must hold a list of points, or an object with "points"')
    return points


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Coverage-guided fuzzing of the same targets: ``python tests/fuzz/atheris_sockets.py TARGET CORPUS``.

Needs atheris, which is in the extra ``fuzz``. What it finds goes into the corpus, which the tests go through each time.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.parsers import TARGETS


def main():
    """Fuzz the target that the command line names."""
    name = sys.argv.pop(1)
    # Not at import: the loader of an installation in place keeps atheris from seeing what it imports.
    atheris.instrument_all()
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

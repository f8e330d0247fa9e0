"""Design the family of codes that comes with the package.

Usage: ``python -m postproc.reconciliation.codes.design OUTPUT [--seed N] [--columns N ...]``

Writes ``codes.npz`` and, beside it, ``codes.json`` with the lineage: the same version of this tool with the
same seed gives the same file. Takes some minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from postproc.reconciliation.codes.code import LIFTING, Code
from postproc.reconciliation.codes.ensemble import column_degrees
from postproc.reconciliation.codes.library import FILE_NAME, write
from postproc.reconciliation.codes.placement import Draws, Placement

TOOL_VERSION = 4
SEED = 1
COLUMNS = (36, 54, 72, 108, 144, 216, 288, 576, 1152)
"""For 2^11 to 2^16 bits of key, and an eighth more for punctured bits."""

SYNDROME_FRACTIONS = tuple(0.08 * 1.2**step for step in range(12))
"""0.08 to 0.6. What lies between is reached by puncturing and shortening."""

FINE_FRACTIONS = (
    *(0.08 * 1.2 ** (step / 6) for step in range(-15, 25) if step >= 0 or step % 2 == 1),
    *(0.08 * 1.2 ** (step / 4) for step in range(17, 45) if step % 2 == 0 or step <= 37),
)
"""For the longest codes, 0.05 to 0.6; they have to be fast, and the less is punctured, the fewer sweeps. Finest where
errors are fewest: there checks are longest, and a punctured bit makes one of two."""

MIN_ROWS = 5
"""Codes with fewer have so light codewords that wrong ones would be found."""

OTHER_SEEDS = {(18, 108): 2}
"""Rows and columns of codes for which the usual seed gave a light codeword, as simulation showed."""


def sizes(columns: Iterable[int] = COLUMNS) -> list[tuple[int, int]]:
    """Give columns and rows of each code of the family, in the order of the file."""
    fractions = {n: FINE_FRACTIONS if n == max(COLUMNS) else SYNDROME_FRACTIONS for n in columns}
    return sorted({(n, max(MIN_ROWS, round(f * n))) for n in columns for f in fractions[n]})


def design(n_rows: int, n_columns: int, seed: int = SEED) -> Code:
    """Design one code."""
    degrees = column_degrees(n_rows, n_columns)
    seed = OTHER_SEEDS.get((n_rows, n_columns), seed)
    draws = Draws(seed << 64 | n_rows << 32 | n_columns)
    entries = Placement(n_rows, degrees, draws).run()
    on_path = int(np.count_nonzero(degrees == 2))
    puncturable = range(0, on_path, 2)
    place = _places([*puncturable, *(c for c in range(n_columns) if c not in puncturable)])
    table = np.array(sorted((entry.row, place[entry.column], entry.shift) for entry in entries))
    row_start = np.searchsorted(table[:, 0], np.arange(n_rows + 1)).astype(np.uint32)
    return Code(
        n_columns,
        len(puncturable),
        row_start,
        table[:, 1].astype(np.uint32),
        table[:, 2].astype(np.uint8),
    )


def _places(order: Sequence[int]) -> list[int]:
    """Invert a permutation."""
    places: list[int] = np.argsort(order).tolist()
    return places


def lineage(codes: Iterable[Code], seed: int) -> dict[str, object]:
    """Say how codes were made."""
    return {
        "tool": "postproc.reconciliation.codes.design",
        "tool_version": TOOL_VERSION,
        "seed": seed,
        "other_seeds": {f"{rows}x{columns}": other for (rows, columns), other in OTHER_SEEDS.items()},
        "lifting": LIFTING,
        "codes": [code.name for code in codes],
    }


def main() -> None:
    """Design the family and write it."""
    parser = argparse.ArgumentParser(prog="python -m postproc.reconciliation.codes.design")
    parser.add_argument("output", type=Path, help="directory to write codes.npz and codes.json to")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--columns", type=int, nargs="+", default=COLUMNS)
    arguments = parser.parse_args()
    codes = []
    for n_columns, n_rows in sizes(arguments.columns):
        codes.append(design(n_rows, n_columns, arguments.seed))
        print(f"{codes[-1].name}: {len(codes[-1].shift)} entries", flush=True)
    write(arguments.output / FILE_NAME, codes)
    text = json.dumps(lineage(codes, arguments.seed), indent=1)
    (arguments.output / "codes.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

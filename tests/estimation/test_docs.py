"""The page about the proofs must speak of all of them, and its figures must be true."""

import json
import re
from pathlib import Path

from postproc.estimation import Assumption, proofs
from postproc.estimation.assumptions import HOLDS_WHEN
from postproc.estimation.points import evaluate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "proofs.md").read_text()
POINTS = json.loads((ROOT / "tests" / "vectors" / "finite_key_points.json").read_text())["points"]


def test_every_proof_has_a_section_and_a_row() -> None:
    assert re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE) == list(proofs())
    for name in proofs():
        assert f"\n| `{name}` |" in PAGE


def test_every_assumption_has_a_row_with_its_fact() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for assumption in Assumption:
        (row,) = (row for row in rows if row.startswith(f"| `{assumption.value}` |"))
        if assumption in HOLDS_WHEN:
            fact, wanted = HOLDS_WHEN[assumption]
            assert f"`{fact} = {json.dumps(wanted)}`" in row


def test_the_lengths_on_the_page_are_the_lengths_of_the_code() -> None:
    figures = evaluate(next(point for point in POINTS if point["id"] == "bbm92/n10000_k4000_Q0.01"))
    for name, group in {
        "tomamichel2012": "expect_tomamichel2012",
        "tomamichel2012-exact": "expect_tomamichel2012_exact",
        "tomamichel-leverrier2017": "expect_tl2017",
        "lim2021": "expect_lim2021",
    }.items():
        assert f"| `{name}` | {figures[group]['ell']} |" in PAGE

"""The page about the proofs must speak of all of them, and its figures must be true."""

import json
import re
from pathlib import Path

import pytest

from postproc.estimation import Assumption, proofs
from postproc.estimation.assumptions import HOLDS_WHEN
from postproc.estimation.decoy import DecoyProof
from postproc.estimation.points import evaluate
from postproc.estimation.registry import proof_class

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "proofs.md").read_text()
POINTS = json.loads((ROOT / "tests" / "vectors" / "finite_key_points.json").read_text())["points"]


def test_every_proof_has_a_section_and_a_row() -> None:
    assert re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE) == list(proofs())
    for name in proofs():
        assert f"\n| `{name}` |" in PAGE


def row_of(assumption: Assumption) -> str:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{assumption.value}` |"))
    return row


def test_every_assumption_has_a_row_with_its_fact() -> None:
    for assumption, (fact, wanted) in HOLDS_WHEN.items():
        assert f"`{fact} = {json.dumps(wanted)}`" in row_of(assumption)


@pytest.mark.parametrize("assumption", Assumption)
def test_the_page_says_who_assumes_what(assumption: Assumption) -> None:
    classes = {name: proof_class(name) for name in proofs()}
    decoy = {name for name, proof in classes.items() if issubclass(proof, DecoyProof)}
    groups = {"all": set(classes), "BBM92": set(classes) - decoy, "decoy": decoy}
    group, _, without = row_of(assumption).split(" | ")[-1].removesuffix(" |").partition(" but ")
    told = groups[group] - set(re.findall("`(.+?)`", without))
    assert told == {name for name, proof in classes.items() if assumption in proof.assumptions}


def test_the_lengths_on_the_page_are_the_lengths_of_the_code() -> None:
    figures = evaluate(next(point for point in POINTS if point["id"] == "bbm92/n10000_k4000_Q0.01"))
    for name, group in {
        "tomamichel2012": "expect_tomamichel2012",
        "tomamichel2012-exact": "expect_tomamichel2012_exact",
        "tomamichel-leverrier2017": "expect_tl2017",
        "lim2021": "expect_lim2021",
    }.items():
        assert f"| `{name}` | {figures[group]['ell']} |" in PAGE

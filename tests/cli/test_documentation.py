"""The page about the figures has them all."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [(ROOT / "docs" / name).read_text() for name in ("process.md", "alarms.md")]
NAMED = {name for page in PAGES for name in re.findall(r"`([^`]+)`", page)}


def names(value):
    """All names in the object, below the bases (which a scenario names) and the alarms' figures."""
    if isinstance(value, list):
        return set().union(*map(names, value))
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(names(item) for name, item in value.items() if name not in ("qber", "alarms")))


@pytest.mark.parametrize("link", ["decoy", "pairs"])
def test_every_field_is_explained(qkdctl, request, link):
    figures = qkdctl("process", *request.getfixturevalue(link).arguments, "--json").json
    found = {re.sub("^(alice|bob)_", "", name) for name in names(figures)}
    assert found - NAMED == set()
    for alarm in figures["alarms"]:
        assert {alarm["name"], *alarm} <= NAMED


def test_every_alarm_is_explained():
    sources = [path.read_text() for room in ("postproc", "qkdctl") for path in (ROOT / room).rglob("*.py")]
    raised = {name for text in sources for name in re.findall(r'\b_?[aA]larm\(\s*"([a-z-]+)"', text)}
    assert {"detector-silent", "block-unfilled"} <= raised
    assert raised - NAMED == set()


def test_nothing_is_explained_that_is_not_there():
    """Names of fields in the first column occur somewhere in the source."""
    source = "".join(
        path.read_text() for room in ("postproc", "qkdctl") for path in (ROOT / room).rglob("*.py")
    )
    rows = [
        line.split("|")[1] for line in (ROOT / "docs" / "process.md").read_text().splitlines() if "|" in line
    ]
    for name in re.findall(r"`([a-z_-]+)`", " ".join(rows)):
        stem = re.sub("^reconciliation_(alice|bob)_", "", name)
        assert name in source or stem in source, name

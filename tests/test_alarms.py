"""The table of alarms is the code's, and the documentation's is the table."""

import re
from pathlib import Path

from qkdctl.alarms import TABLE, markdown

ROOT = Path(__file__).parents[1]


def test_the_page_has_the_table():
    assert markdown() in (ROOT / "docs" / "alarms.md").read_text()


def test_every_alarm_that_is_raised_is_in_the_table_and_no_other():
    sources = [path.read_text() for room in ("postproc", "qkdctl") for path in (ROOT / room).rglob("*.py")]
    raised = {name for text in sources for name in re.findall(r'\b_?[aA]larm\(\s*"([a-z-]+)"', text)}
    assert raised == {entry.name for entry in TABLE}

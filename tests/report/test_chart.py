import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.axis import nice
from qkdctl.report.chart import bar_chart, line_chart


def svg(text):
    return ElementTree.fromstring(re.search("<svg.*</svg>", text).group())


def points(line):
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def test_a_line_goes_where_its_values_are():
    (line,) = svg(line_chart([0.0, 1.0, 2.0], {"a": [0.0, 10.0, 5.0]}, "s", "Hz")).iter("polyline")
    (x0, y0), (x1, y1), (x2, y2) = points(line)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(2 * (y0 - y2), abs=0.2)
    assert y1 < y2 < y0


def test_a_line_breaks_where_a_value_is_missing():
    tree = svg(line_chart([0.0, 1, 2, 3, 4], {"a": [1.0, 1.0, None, 1.0, 1.0]}, "s", "Hz"))
    assert [len(points(line)) for line in tree.iter("polyline")] == [2, 2]


def test_a_single_point_is_seen():
    assert len(list(svg(line_chart([1.0], {"a": [3.0]}, "s", "Hz")).iter("circle"))) == 1


@pytest.mark.parametrize("lines", [{}, {"a": []}, {"a": [None]}])
def test_nothing_is_said_to_be_nothing(lines):
    assert "Nothing was recorded" in line_chart([1.0] * len(lines.get("a", [])), lines, "s", "Hz")


def test_bars_are_as_high_as_their_values_and_a_limit_stands_among_them():
    tree = svg(bar_chart([1, 2, 3], [0.1, 0.2, None], "block", "rate", 0.15))
    low, high = (float(bar.get("height")) for bar in tree.iter("rect"))
    assert high == pytest.approx(2 * low, abs=0.3)
    limit = next(path for path in tree.iter("path") if path.get("class") == "limit")
    tops = [float(bar.get("y")) for bar in tree.iter("rect")]
    assert tops[1] < float(re.search(r" ([\d.]+)H", limit.get("d")).group(1)) < tops[0]


def test_what_people_wrote_is_text():
    assert "<b>" not in line_chart([1.0], {"<b>": [1.0]}, "<b>", "<b>")


@given(st.floats(1e-9, 1e12))
def test_steps_are_round_and_no_smaller_than_asked(value):
    assert value * (1 - 1e-6) <= nice(value) <= 2.51 * value
    assert f"{nice(value):.0e}"[0] in "125"

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.axis import nice
from qkdctl.report.chart import bar_chart, line_chart
from qkdctl.report.plots import plots


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


def test_a_line_far_from_zero_is_looked_at_closely_but_not_its_last_digits():
    def rise(*values):
        drawn = line_chart([0.0, 1.0], {"a": values}, "s", "ppb", from_zero=False)
        (line,) = svg(drawn).iter("polyline")
        return points(line)[0][1] - points(line)[1][1]

    assert rise(7300.0, 7310.0) > 100
    assert 0 <= rise(7300.0, 7300.01) < 5


def test_the_clock_is_drawn_where_it_was_followed(record):
    assert "Drift of Bob's clock" not in dict(plots(record))
    record["history"]["clock"] = {"t_s": [1.0, 2.0], "offset_ps": [1e9, 2e9], "drift_ppb": [-7.0, -8.0]}
    drawn = dict(plots(record))
    assert len(list(svg(drawn["Drift of Bob's clock"]).iter("polyline"))) == 1
    assert "offset (ms)" in drawn["Offset of Bob's clock"]

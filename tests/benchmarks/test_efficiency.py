"""The picture of f: its limit against known values, and that it draws what it is given."""

from xml.etree import ElementTree

import pytest

from qkdctl.benchmarks.efficiency import limit, picture


@pytest.mark.parametrize(
    ("n", "q", "expected"),
    [(1 << 16, 0.01, 1.073), (1 << 16, 0.05, 1.029), (1 << 18, 0.03, 1.020), (1 << 20, 0.02, 1.013)],
)
def test_the_limit(n: int, q: float, expected: float):
    assert limit(n, q) == pytest.approx(expected, abs=6e-4)


def test_the_picture_holds_every_curve():
    drawn = ElementTree.fromstring(picture({"one": ([(0.01, 1.2), (0.05, 1.1)], "#123456")}))
    lines = [each for each in drawn if each.tag.endswith("polyline")]
    assert [each.get("stroke") for each in lines].count("#123456") == 1
    assert sum(each.get("stroke-dasharray") is not None for each in lines) == 2

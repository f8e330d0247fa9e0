"""What somebody who waits for a calibration sees."""

import pytest

from qkdctl.cli import step_view
from qkdctl.cli.step_view import LINE_EVERY_S, StepView
from tests.monitor.conftest import Time


@pytest.fixture
def printed(monkeypatch):
    lines = []
    monkeypatch.setattr(step_view.err, "print", lines.append)
    return lines


def test_at_a_terminal_the_line_changes_in_place(printed):
    shown = []
    view = StepView(shown.append, Time())
    view.begin("delays: find the delays")
    view.tell("1 of 2")
    assert printed == ["delays: find the delays"]
    assert shown == ["delays", "delays: 1 of 2"]


def test_elsewhere_a_line_comes_now_and_then(printed):
    time = Time()
    view = StepView(None, time)
    view.begin("delays: find the delays")
    for number in range(100):
        view.tell(f"{number} of 100")
        time.now_s += LINE_EVERY_S / 10
    assert printed[:2] == ["delays: find the delays", "  10 of 100"]
    assert len(printed) == 1 + 9


def test_what_is_shown_is_fit_for_a_terminal(printed):
    shown = []
    view = StepView(shown.append, Time())
    view.begin("delays: \x1b[31m")
    view.tell("\x1b[2J")
    assert "\x1b" not in "".join([*printed, *shown])

"""What a session file says of a session."""

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.history import History
from qkdctl.keystore.pair import PARTIES
from qkdctl.report.record import session_record


@pytest.mark.parametrize(("recorded", "label"), [(False, "secret"), (True, "recorded")])
def test_the_label_is_that_of_the_keys(recorded, label):
    scenarios = dict.fromkeys(PARTIES, load_scenario(scenario_path("laboratory")))
    assert session_record(scenarios, {}, History(), {}, {}, recorded=recorded)["label"] == label

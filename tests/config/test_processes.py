"""Which stages share a process: all of them, in order, or a sentence about it."""

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.config.processes import DEFAULT
from qkdctl.errors import ConfigurationError

ALL = [name for group in DEFAULT for name in group]


def load(tmp_path, processes):
    path = tmp_path / "here.toml"
    path.write_text(f"processes = {processes}\n{scenario_path('quick').read_text()}")
    return load_scenario(path)


def test_what_is_not_said_is_two_processes():
    assert load_scenario(scenario_path("quick")).layout == DEFAULT


def test_a_process_for_each_stage(tmp_path):
    assert load(tmp_path, [[name] for name in ALL]).layout == tuple((name,) for name in ALL)


@pytest.mark.parametrize("groups", [[], [ALL[:-1]], [ALL[1:], ALL[:1]], [ALL, []], [[*ALL, "dance"]]])
def test_the_order_is_the_protocols(tmp_path, groups):
    with pytest.raises(ConfigurationError, match="expected all of inspect, agree"):
        load(tmp_path, groups)


def test_something_else_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="processes"):
        load(tmp_path, "3")

"""The scenarios that come along: all valid, found by name, and honest about themselves."""

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import packaged_scenarios, scenario_path
from qkdctl.errors import ConfigurationError

PACKAGED = packaged_scenarios()


def test_there_are_some():
    assert {"decoy-bb84", "kwiat-bbm92"} <= set(PACKAGED)


@pytest.mark.parametrize("name", PACKAGED)
def test_it_loads_and_goes_by_its_name(name):
    scenario = load_scenario(PACKAGED[name])
    assert scenario.name == name
    assert scenario_path(name) == PACKAGED[name]


@pytest.mark.parametrize("name", PACKAGED)
def test_it_waives_no_more_than_it_needs(name):
    scenario = load_scenario(PACKAGED[name])
    assert sorted(scenario.waived) == sorted(scenario.parameters.security.waived)


def test_a_file_of_ones_own_goes_before_a_packaged_scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "decoy-bb84").write_text("")
    assert str(scenario_path("decoy-bb84")) == "decoy-bb84"


def test_a_directory_of_the_same_name_does_not_hide_a_packaged_scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "decoy-bb84").mkdir()
    assert scenario_path("decoy-bb84") == PACKAGED["decoy-bb84"]


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("decoy-bb48", "did you mean decoy-bb84?"),
        ("decoy-bb84.toml", "did you mean decoy-bb84?"),
        ("nothing.toml", ", ".join(PACKAGED)),
    ],
)
def test_a_name_that_is_nothing_gets_a_suggestion(tmp_path, monkeypatch, name, ending):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        scenario_path(name)
    assert str(caught.value).startswith(f"{name}: there is no such scenario file")
    assert str(caught.value).endswith(ending)


def test_a_directory_is_no_scenario(tmp_path):
    with pytest.raises(ConfigurationError, match="is a directory, expected a scenario file"):
        scenario_path(str(tmp_path))

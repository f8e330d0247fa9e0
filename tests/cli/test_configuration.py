"""Scenario files from the command line: what is wrong with them, and two that differ."""

import pytest

from tests.cli.conftest import DECOY, PAIRS
from tests.config.test_load import changed
from tests.config.toml import written


@pytest.fixture
def with_config(decoy, tmp_path):
    """The command with a scenario of our own."""

    def command(table, *more):
        (tmp_path / "mine.toml").write_text(table if isinstance(table, str) else written(table))
        return ("process", "mine.toml", "--alice", decoy.alice, "--bob", decoy.bob, *more)

    return command


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (changed(DECOY, gate_ps=-5), "mine.toml: gate_ps is -5, expected at least 1"),
        (
            changed(DECOY, gate_pz=5),
            "mine.toml: gate_pz is not a key that is known here; did you mean gate_ps?",
        ),
        ("[", "mine.toml: is not TOML: Invalid initial character for a key part (at end of document)"),
    ],
)
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_mistake_in_the_file_exits_3_before_anything_is_made(
    sentence, with_config, tmp_path, table, line, json
):
    assert sentence(*with_config(table, *json)) == (3, line)
    assert not (tmp_path / "qkdctl-keys").exists()


def test_a_mistake_in_bobs_file_is_told_too(sentence, decoy, tmp_path):
    (tmp_path / "bobs.toml").write_text(written(changed(DECOY, slot_hz="fast")))
    code, line = sentence("process", *decoy.arguments, "--bob-config", "bobs.toml")
    assert (code, line) == (3, 'bobs.toml: slot_hz is "fast", expected a number')


@pytest.mark.parametrize("name", ["nothing", "decoy-bb85", "mine.tml"])
def test_a_scenario_that_is_not_there_exits_3(sentence, decoy, name):
    code, line = sentence("process", name, "--alice", decoy.alice, "--bob", decoy.bob)
    assert code == 3
    assert line.startswith(f"{name}: there is no such scenario file")


def test_a_recording_is_no_scenario(sentence, decoy):
    code, line = sentence("process", decoy.bob, "--alice", decoy.alice, "--bob", decoy.bob)
    assert code == 3
    assert "is no scenario file" in line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gate_ps": 2001}, "gate_ps is 2000 at Alice and 2001 at Bob"),
        ({"security__eps_sec": 1e-7}, "security.eps_sec is 1e-6 at Alice and 1e-7 at Bob"),
        ({"slots_per_block": 999_999}, "slots_per_block is 1000000 at Alice and 999999 at Bob"),
        ({"bob__hold_off_ps": 1}, "bob.hold_off_ps is 40000 at Alice and 1 at Bob"),
    ],
)
def test_configurations_that_differ_exit_6_and_name_the_key_and_both_values(
    sentence, decoy, tmp_path, changes, words
):
    (tmp_path / "bobs.toml").write_text(written(changed(DECOY, **changes)))
    code, line = sentence("process", *decoy.arguments, "--bob-config", "bobs.toml", "--json")
    assert code == 6
    assert (
        line == f"the two parties' configurations differ: {words}; give both parties the same scenario file"
    )


def test_two_protocols_exit_6(sentence, decoy, tmp_path):
    (tmp_path / "bobs.toml").write_text(written(PAIRS))
    code, line = sentence("process", *decoy.arguments, "--bob-config", "bobs.toml")
    assert code == 6
    assert 'protocol is "decoy-bb84" at Alice and "bbm92" at Bob' in line


def test_thresholds_that_leave_no_key_exit_3(sentence, with_config):
    table = changed(
        DECOY,
        security__waived=["active-basis-choice"],
        security__thresholds={"single_photons_min": 10.0, "phase_error_max": 0.1, "leak_max_bits": 5000},
    )
    code, line = sentence(*with_config(table))
    assert code == 3
    assert "secret bits at the agreed thresholds" in line


def test_thresholds_that_no_block_meets_exit_5_with_the_figures(qkdctl, with_config):
    table = changed(
        DECOY,
        security__waived=["active-basis-choice"],
        security__thresholds={"single_photons_min": 5e6, "phase_error_max": 0.01, "leak_max_bits": 9000},
    )
    done = qkdctl(*with_config(table, "--json"))
    assert done.code == 5
    assert done.json["secret_bits"] == 0
    assert done.json["keys_equal"] is None
    assert {block["outcome"] for block in done.json["blocks"]} == {"refused"}
    (line,) = done.err.splitlines()
    assert line.startswith("qkdctl: no block ended in key: ")


@pytest.mark.parametrize("parent", [DECOY, PAIRS], ids=["decoy", "pairs"])
def test_the_emulation_of_a_scenario_is_no_part_of_the_agreement(qkdctl, request, tmp_path, parent):
    recorded = request.getfixturevalue("decoy" if parent is DECOY else "pairs")
    (tmp_path / "bobs.toml").write_text(written({k: v for k, v in parent.items() if k != "emulation"}))
    assert qkdctl("process", *recorded.arguments, "--bob-config", "bobs.toml").code == 0

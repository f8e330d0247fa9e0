"""The packaged scenarios from the command line: all listed, and those that bring their own nature make key."""

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import packaged_scenarios

PACKAGED = packaged_scenarios()
EMULATED = [name for name, path in PACKAGED.items() if load_scenario(path).emulation]
UNCALIBRATED = ["misaligned", "misaligned-pairs"]
#: `laboratory` is `demo` with other addresses; a satellite's pass takes minutes, and is flown in a campaign.
ELSEWHERE = ["laboratory", "satellite"]


def test_all_are_listed(qkdctl):
    done = qkdctl("scenarios")
    assert done.code == 0
    listed = {row["name"]: row for row in qkdctl("scenarios", "--json").json["scenarios"]}
    assert set(listed) == set(PACKAGED)
    for name, row in listed.items():
        assert name in done.out
        assert row["file"] in done.out
        assert set(row) == {"name", "protocol", "proof", "waived", "file"}


def processed(qkdctl, name):
    party = "states" if load_scenario(PACKAGED[name]).parameters.protocol == "decoy-bb84" else "tags"
    assert qkdctl("tags", "generate", name, "rec").code == 0
    return qkdctl("process", name, "--alice", f"rec/alice_{party}.h5", "--bob", "rec/bob_tags.h5", "--json")


@pytest.mark.parametrize("name", sorted({*EMULATED} - {*UNCALIBRATED, *ELSEWHERE}))
def test_what_can_be_emulated_makes_equal_keys(qkdctl, name):
    done = processed(qkdctl, name)
    assert done.code == 0, done.err
    assert done.json["keys_equal"] is True
    assert done.json["net_secret_bits"] > 0


@pytest.mark.campaign
def test_a_satellite_s_pass_makes_equal_keys(qkdctl):
    done = processed(qkdctl, "satellite")
    assert done.code == 0, done.err
    assert done.json["keys_equal"] is True
    assert done.json["net_secret_bits"] > 0


@pytest.mark.parametrize("name", UNCALIBRATED)
def test_what_has_to_be_calibrated_first_makes_none(qkdctl, name):
    done = processed(qkdctl, name)
    assert done.code == 5
    assert done.json["secret_bits"] == 0


def test_there_is_something_to_emulate():
    assert "decoy-bb84" in EMULATED

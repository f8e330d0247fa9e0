"""The main job on a real recording, from the command line, where the recording is at hand."""

from pathlib import Path

import pytest

RECORDING = Path(__file__).parents[2].parent / "shared" / "data" / "kwiat_bbm92.txt.gz"

pytestmark = [
    pytest.mark.recording,
    pytest.mark.skipif(not RECORDING.exists(), reason="the real recording is not here"),
]


@pytest.mark.parametrize(
    ("shift_ps", "stretch_ppm"), [(0, 0.0), (-(10**12), 20.0), (10**12, -20.0), (271_828_182_845, 3.14159)]
)
def test_a_real_recording_ends_in_equal_keys(qkdctl, tmp_path, shift_ps, stretch_ppm):
    alice, bob = tmp_path / "alice.h5", tmp_path / "bob.h5"
    assert qkdctl("tags", "convert", RECORDING, alice, "--channels", "0-3").code == 0
    clock = ["--shift-ps", shift_ps, "--stretch-ppm", stretch_ppm]
    assert qkdctl("tags", "convert", RECORDING, bob, "--channels", "4-7", *clock).code == 0
    done = qkdctl(
        "process", "--alice", alice, "--bob", bob, "kwiat-bbm92", "--json", "--store", tmp_path / "keys"
    )
    assert done.code == 0, done.err
    summary = done.json
    assert summary["keys_equal"]
    assert summary["secret_bits"] >= 200
    assert summary["net_secret_bits"] == summary["secret_bits"] - summary["blocks"][0]["auth_bits"] > 0
    assert abs(summary["clock"]["offset_ps"] - shift_ps) < 1000
    assert abs(summary["clock"]["drift_ppb"] - 1000 * stretch_ppm) < 10
    assert 0.03 < summary["qber"]["total"] < 0.05
    assert "silent-times" in summary["waived"]
    alarms = {alarm["name"]: alarm for alarm in summary["alarms"]}
    assert alarms["detector-echo"]["subject"] == "Alice's detector on channel 0"
    assert alarms["timing-leak"]["figures"]["bits_per_bit"] > 0.01
    keys = qkdctl("keys", "list", "--store", tmp_path / "keys", "--json").json["keys"]
    assert [key["label"] for key in keys] == ["demonstration"]

"""The main job: recordings in, equal keys out, and figures that people and programs can read."""

import json
import math
import re
import stat

import msgspec
import pytest

from postproc.timetags.recording import open_recording
from postproc.timetags.writing import write_recording
from qkdctl.keystore.store import KeyStore
from tests.cli.conftest import DECOY
from tests.config.toml import written

TOP_LEVEL = [
    "protocol", "proof", "waived", "duration_s", "tags", "clock", "sifted_bits", "qber", "blocks", "secret_bits",
    "net_secret_bits", "quarantined_keys", "keys_equal", "alarms",
]  # fmt: skip
PER_BLOCK = {
    "id", "outcome", "reason", "sifted_bits", "leak_bits", "f_ec", "secret_bits", "auth_bits", "epsilon",
}  # fmt: skip


@pytest.fixture(params=["decoy", "pairs"])
def recorded(request):
    return request.getfixturevalue(request.param)


def test_both_protocols_end_in_equal_keys(qkdctl, recorded, tmp_path):
    done = qkdctl("process", *recorded.arguments, "--json")
    assert done.code == 0
    assert done.err == ""
    figures = done.json
    check_form(figures)
    assert figures["keys_equal"] is True
    assert [block["outcome"] for block in figures["blocks"]] == ["key", "key"]
    check_sums(figures)
    check_stores(figures, tmp_path / "qkdctl-keys")


def check_form(figures):
    assert list(figures) == TOP_LEVEL
    assert set(figures["tags"]) == {"alice", "bob"}
    assert {"offset_ps", "drift_ppb"} <= set(figures["clock"])
    assert set(figures["qber"]) == {"Z", "X", "total"}
    for block in figures["blocks"]:
        assert set(block) >= PER_BLOCK
    for number in numbers(figures):
        assert math.isfinite(number)


def numbers(value):
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, int | float) else []


def check_sums(figures):
    """The figures hang together, and hold what the bench was set to."""
    blocks = figures["blocks"]
    assert figures["secret_bits"] == sum(block["secret_bits"] for block in blocks) > 0
    assert figures["sifted_bits"] == sum(block["sifted_bits"] for block in blocks)
    spent = sum(block["auth_bits"] for block in blocks)
    assert figures["net_secret_bits"] == figures["secret_bits"] - spent > 0
    assert figures["clock"]["offset_ps"] == pytest.approx(10**11, abs=10_000)
    assert figures["clock"]["drift_ppb"] == pytest.approx(5000, abs=20)
    assert 0 < figures["qber"]["total"] < 0.03
    for block in blocks:
        assert block["epsilon"]["total"] == pytest.approx(
            sum(block["epsilon"][part] for part in ("sec", "cor", "auth", "health"))
        )
        assert block["leak_bits"] > 0
        assert block["f_ec"] > 1


def check_stores(figures, directory):
    """What the stores hold is what was told."""
    values = []
    for party in ("alice", "bob"):
        path = directory / f"{party}.sqlite"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with KeyStore(path, party) as store:
            entries = {entry.id: entry for entry in store.entries()}
            assert set(entries) == {block["key_id"] for block in figures["blocks"]}
            assert {entry.state for entry in entries.values()} == {"confirmed"}
            assert {entry.label for entry in entries.values()} == {"demonstration"}
            values.append({name: store.value(name).to_bytes() for name in entries})
        gross = sum(block["secret_bits"] for block in figures["blocks"])
        refill = sum(block["figures"]["refill_bits"] for block in figures["blocks"])
        assert sum(entry.length_bits for entry in entries.values()) == gross - refill
    assert values[0] == values[1]


def test_the_summary_for_people_fits_a_terminal_and_says_the_same(qkdctl, decoy):
    done = qkdctl("process", *decoy.arguments)
    assert done.code == 0
    assert done.err == ""
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    for words in ("equal at both ends", "after authentication", "waived: fixed-length, active-basis-choice"):
        assert words in done.out
    assert re.search(r"^ +1 +key +[\d,]+ +[\d,]+ +\d\.\d{3} +[\d,]+ +384 +1\.0e-06", done.out, re.MULTILINE)
    assert "see: qkdctl keys list --store qkdctl-keys" in done.out


def test_runs_add_up_in_the_same_stores(qkdctl, pairs):
    first = qkdctl("process", *pairs.arguments, "--json").json
    assert [alarm["name"] for alarm in first["alarms"]][:1] == ["shared-key-made-here"]
    second = qkdctl("process", *pairs.arguments, "--json").json
    assert "shared-key-made-here" not in [alarm["name"] for alarm in second["alarms"]]
    listed = qkdctl("keys", "list", "--json").json["keys"]
    assert {key["id"] for key in listed} == {b["key_id"] for run in (first, second) for b in run["blocks"]}
    assert len({key["session"] for key in listed}) == 2


def test_a_seeded_run_repeats_itself_bit_by_bit(qkdctl, pairs):
    runs = [
        qkdctl("process", *pairs.arguments, "--json", "--seed", seed, "--store", f"keys-{place}").json
        for place, seed in enumerate((5, 5, 6))
    ]
    assert runs[0] == runs[1]
    assert runs[0]["blocks"][0]["key_id"] != runs[2]["blocks"][0]["key_id"]


def test_a_pre_shared_key_of_ones_own_is_used_once(qkdctl, pairs, tmp_path):
    psk = tmp_path / "psk"
    psk.write_bytes(bytes(range(256)))
    psk.chmod(0o600)
    first = qkdctl("process", *pairs.arguments, "--psk", psk, "--json")
    assert first.code == 4
    assert "holds 6 one-time keys for each party's words, and no session starts below 16" in first.err
    psk.write_bytes(json.dumps(list(range(2000))).encode())
    assert qkdctl("process", *pairs.arguments, "--psk", psk, "--json").code == 0
    again = qkdctl("process", *pairs.arguments, "--psk", psk)
    assert again.code == 4
    assert "was imported before, and a one-time key must never be used twice" in again.err


def test_a_copy_of_the_scenario_under_another_name_is_the_same_agreement(qkdctl, pairs, tmp_path):
    copy = tmp_path / "copy.toml"
    copy.write_text("# Bob's own\n" + pairs.config.read_text())
    assert qkdctl("process", *pairs.arguments, "--bob-config", copy).code == 0


HONEST = {
    "link": DECOY["link"] | {"basis_choice": "active"},
    "security": DECOY["security"]
    | {
        "waived": [],
        "thresholds": {"single_photons_min": 30_000.0, "phase_error_max": 0.05, "leak_max_bits": 9000},
    },
}


@pytest.mark.parametrize("label", ["emulated", "recorded", "demonstration"])
def test_keys_say_where_they_come_from(qkdctl, decoy, tmp_path, label):
    (tmp_path / "honest.toml").write_text(written(DECOY | HONEST))
    alice, bob = decoy.alice, decoy.bob
    if label == "recorded":
        alice, bob = (without_metadata(path, tmp_path) for path in (alice, bob))
    seed = ("--seed", 1) if label == "demonstration" else ()
    done = qkdctl("process", "honest.toml", "--alice", alice, "--bob", bob, "--json", *seed)
    assert done.code == 0
    assert done.json["waived"] == []
    assert {key["label"] for key in qkdctl("keys", "list", "--json").json["keys"]} == {label}


def without_metadata(path, directory):
    with open_recording(path) as recording:
        header = msgspec.structs.replace(recording.header, metadata={})
        write_recording(directory / path.name, recording.chunks(), header)
    return directory / path.name


def test_recordings_as_text_do_as_well(qkdctl, pairs):
    for party in ("alice", "bob"):
        assert qkdctl("tags", "convert", getattr(pairs, party), f"{party}.txt.gz").code == 0
    done = qkdctl("process", pairs.config, "--alice", "alice.txt.gz", "--bob", "bob.txt.gz", "--json")
    assert done.code == 0
    assert done.json["keys_equal"] is True


def test_encrypted_recordings_and_folders_of_segments_do_as_well(qkdctl, sentence, pairs, tmp_path):
    (tmp_path / "key").write_bytes(bytes(range(40)))
    assert qkdctl("tags", "convert", pairs.alice, "alice", "--encrypt", "key").code == 0
    assert qkdctl("tags", "convert", pairs.bob, "bob", "--encrypt", "key", "--segments").code == 0
    command = ("process", pairs.config, "--alice", "alice", "--bob", "bob")
    assert sentence(*command) == (4, "alice is encrypted: give its key")
    done = qkdctl(*command, "--recording-key", "key", "--json")
    assert done.code == 0, done.err
    assert done.json["keys_equal"] is True

"""``optimise`` and ``eve`` from the command line."""

import json
import xml.etree.ElementTree as ET

import pytest

from qkdctl.chart import Series, line_chart
from tests.cli.conftest import BENCH_DETECTORS, BENCH_RECEIVER, DECOY, PAIRS
from tests.config.toml import written
from tests.support.shown import Shell

NOISY = [detector | {"dark_count_rate_hz": 2000.0} for detector in BENCH_DETECTORS]
WATCHED = DECOY | {
    "watch": {"arrival_rms_ps": 50.0, "noise_hz": 7000.0},
    "emulation": DECOY["emulation"] | {"bob": BENCH_RECEIVER | {"detectors": NOISY}},
}
HERE = {"decoy-bb84": "link.toml"}


def file(directory, table):
    path = directory / "link.toml"
    path.write_text(written(table))
    return path


def drawn(path):
    """The lines of a chart, and the texts in it."""
    root = ET.fromstring(path.read_text())
    space = "{http://www.w3.org/2000/svg}"
    return [line.get("points") for line in root.iter(f"{space}polyline")], [
        text.text for text in root.iter(f"{space}text")
    ]


def test_optimise_finds_settings_and_says_how_to_write_them(qkdctl, tmp_path):
    config = file(tmp_path, DECOY)
    figures = qkdctl("optimise", config, "--json").json
    assert figures["secret_bits_per_s"] > figures["configured_bits_per_s"] > 0
    assert figures["asymptotic_bits_per_s"] > figures["secret_bits_per_s"]
    assert sum(figures["probabilities"]) == pytest.approx(1)
    assert f"{figures['secret_bits_per_s']:,.0f} bit/s" in qkdctl("optimise", config).out


def test_a_satellite_is_planned_for_at_a_loss_that_is_given(sentence, qkdctl, tmp_path):
    config = file(tmp_path, DECOY | {"emulation": DECOY["emulation"] | {"satellite": {}}})
    code, said = sentence("optimise", config)
    assert code == 3
    assert "expected it to be given" in said
    assert qkdctl("optimise", config, "--loss-db", 60, "--json").json["secret_bits_per_s"] == 0


def test_a_link_that_is_too_long_gives_no_key_and_no_thresholds(qkdctl, tmp_path):
    config = file(tmp_path, DECOY)
    figures = qkdctl("optimise", config, "--loss-db", 60, "--json").json
    assert figures["secret_bits_per_s"] == 0
    assert figures["thresholds"] is None


def test_eve_is_drawn_with_what_notices_her(qkdctl, tmp_path):
    config = file(tmp_path, WATCHED)
    attacks = ("--attack", "blinding", "--attack", "intercept_resend")
    done = qkdctl("eve", config, *attacks, "--points", 2, "--plot", "eve.svg", "--json")
    blinding, blinded, honest, intercepted = done.json["attacks"]
    assert blinding["outcome"] == honest["outcome"] == "key"
    assert blinding["known_bits"] == 0
    assert blinded["outcome"] == intercepted["outcome"] == "refused"
    assert "noise-floor" in blinded["reason"]
    assert blinded["secret_bits"] == intercepted["secret_bits"] == 0
    assert blinded["detection"] > 0.99
    assert honest["detection"] is None
    assert intercepted["known_bits"] == pytest.approx(0.7 * intercepted["sifted_bits"], rel=0.03)
    lines, texts = drawn(tmp_path / "eve.svg")
    # Both attacks, against secret key and against what refuses the block.
    assert len(lines) == 4
    assert {"blinding", "intercept resend", "secret bits a block"} <= set(texts)
    assert "probability that the block is refused" in texts


def test_the_rate_is_drawn_against_the_loss(tmp_path, monkeypatch):
    monkeypatch.setattr("qkdctl.cli.optimise.STEP_DB", 24)
    file(tmp_path, DECOY)
    shell = Shell(tmp_path)
    said = shell("qkdctl optimise decoy-bb84 --block-s 60 --plot optimise.svg", where=HERE).out
    assert "[security.thresholds]" in said
    assert len(drawn(tmp_path / "optimise.svg")[0]) == 2


def test_lengths_from_counts_follow_the_bound(tmp_path):
    """A little interception takes a part of the key, where agreed thresholds give all of it or nothing."""
    file(tmp_path, WATCHED)
    options = ("--attack", "intercept_resend", "--points", 2, "--strongest", 0.02, "--json")
    shell = Shell(tmp_path)
    done = shell("qkdctl eve decoy-bb84 --from-counts --points 21 --plot eve.svg", *options, where=HERE)
    honest, intercepted = json.loads(done.out)["attacks"]
    assert 0 < intercepted["secret_bits"] < 0.95 * honest["secret_bits"]
    lost = honest["secret_bits"] - intercepted["secret_bits"]
    assert intercepted["known_bits"] < lost


def test_eve_says_it_to_people(qkdctl, tmp_path):
    config = file(tmp_path, DECOY)
    done = qkdctl("eve", config, "--attack", "time_shift", "--points", 2, "--strongest", 0.2)
    assert done.code == 0
    # Without a watch, no probability of being noticed is stated, and the block makes key.
    assert "time shift: noticed by arrival-histogram" in done.out
    assert done.out.count(" key ") == 2


@pytest.mark.parametrize("command", ["optimise", "eve"])
def test_other_protocols_are_refused(sentence, command, tmp_path):
    config = file(tmp_path, PAIRS)
    code, said = sentence(command, config)
    assert code == 3
    assert "decoy-bb84" in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"encoding": {"kind": "time-bin"}}, "found time-bins"),
        ({"satellite": {"culmination_deg": 80.0}}, "found a satellite"),
        ({"fibre": {"drift_deg_per_root_s": 100.0}}, "found a fibre in which the polarisation drifts"),
    ],
)
def test_links_on_which_eve_is_not_followed_are_refused(sentence, tmp_path, more, words):
    config = file(tmp_path, DECOY | {"emulation": DECOY["emulation"] | more})
    code, said = sentence("eve", config)
    assert code == 3
    assert words in said
    config = file(tmp_path, DECOY | {"emulation": DECOY["emulation"] | more | {"eve": {"blinding": 0.5}}})
    code, said = sentence("tags", "generate", config, tmp_path / "out")
    assert code == 3
    assert words in said


def test_a_chart_holds_its_lines_and_leaves_out_what_has_no_logarithm(tmp_path):
    path = tmp_path / "chart.svg"
    path.write_text(line_chart("a < b", "x", "y", [Series("one", [0, 1, 2], [100, 10, 0])], log_y=True))
    (line,), texts = drawn(path)
    assert len(line.split()) == 2
    assert {"a < b", "1e1", "1e2"} <= set(texts)
    flat = line_chart("flat", "x", "y", [Series("none", [], []), Series("zero", [0, 1], [0, 0])])
    assert flat.count("polyline") == 2

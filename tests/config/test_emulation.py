"""The table that takes the place of nature."""

import pytest

from qkdctl.config.emulation import generate
from tests.config.test_load import TABLE, changed

BENCH = {
    "duration_s": 0.001,
    "channel_loss_db": 3.0,
    "misalignment_error": 0.01,
    "bob": {"detectors": [{}, {"delay_ps": 5}, {}, {}]},
}


def test_the_transmitter_is_the_scenarios(loaded):
    scenario = loaded(changed(TABLE, emulation=BENCH))
    scene = scenario.emulation.scene(scenario.parameters)
    assert scene.source.slot_rate_hz == scenario.parameters.slot_hz
    assert scene.source.intensities == tuple(i.mean for i in scenario.parameters.intensities)
    assert scene.n_slots == 50_000
    assert scene.bob.detectors[1].delay_ps == 5


def test_the_same_seed_writes_the_same_recordings_and_another_does_not(loaded, tmp_path):
    scenario = loaded(changed(TABLE, emulation=BENCH))
    content = []
    for place, seed in (("one", 3), ("two", 3), ("three", 4)):
        (tmp_path / place).mkdir()
        written = generate(scenario.emulation, scenario.parameters, seed, tmp_path / place)
        content.append(b"".join(path.read_bytes() for path in written))
    assert content[0] == content[1] != content[2]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"chanel_loss_db": 1},
            "emulation.chanel_loss_db is not a key that is known here; did you mean channel_loss_db?",
        ),
        (
            {"bob": {"detectors": [{"jiter_rms_ps": 5}, {}, {}, {}]}},
            "emulation.bob.detectors[0].jiter_rms_ps is not a "
            "key that is known here; did you mean jitter_rms_ps?",
        ),
        ({"bob": {"detectors": [{}, {}, {}]}}, "emulation.bob.detectors[3] is missing"),
        (
            {"bob_clock": {"drift": 5}},
            "emulation.bob_clock.drift is not a key that is known here; did you mean drift_ppm?",
        ),
        ({"duration_s": float("inf")}, "emulation.duration_s is Infinity, expected a finite number"),
        ({"misalignment_error": 0.6}, "emulation.misalignment_error is 0.6, expected at most 0.5"),
        (
            {"bob": {"detectors": [{"dark_count_rate_hz": float("inf")}, {}, {}, {}]}},
            "emulation.bob.detectors[0].dark_count_rate_hz is Infinity, expected a finite number",
        ),
    ],
)
def test_nonsense_is_refused(refusal, changes, sentence):
    assert refusal(changed(TABLE, emulation=BENCH | changes)) == [sentence]


def test_the_bench_of_another_protocol_is_refused(refusal):
    lines = refusal(changed(TABLE, emulation={"duration_s": 1.0, "pair_rate_hz": 1e6}))
    assert lines[0].startswith("emulation.pair_rate_hz is not a key that is known here; known are ")

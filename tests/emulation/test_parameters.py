from __future__ import annotations

import tomllib
from fractions import Fraction

import pytest
from pydantic import TypeAdapter, ValidationError

from drivers.emulation.bench.parameters import Bbm92Scene, Clock, DecoySource
from drivers.emulation.bench.scenes import Bb84Scene

BB84 = """
n_slots = 1000
channel_loss_db = 20.0
misalignment_error = 0.01
[source]
slot_rate_hz = 1e9
intensities = [0.5, 0.1, 0.0]
intensity_probabilities = [0.7, 0.2, 0.1]
key_basis_probability = 0.9
[bob]
key_basis_probability = 0.9
detectors = [{efficiency = 0.2}, {}, {}, {delay_ps = -5}]
[bob_clock]
offset_ps = 5
"""


def test_a_scene_reads_from_toml() -> None:
    scene = TypeAdapter(Bb84Scene).validate_python(tomllib.loads(BB84))
    assert scene.bob.detectors[0].efficiency == 0.2
    assert scene.bob.detectors[3].delay_ps == -5
    assert scene.source.intensities == (0.5, 0.1, 0.0)
    assert scene.bob_clock == Clock(offset_ps=5)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("n_slots = 1000", "n_slots = 0", "n_slots"),
        ("channel_loss_db = 20.0", "channel_loss_db = -1.0", "channel_loss_db"),
        ("misalignment_error = 0.01", "misalignment_error = 0.6", "misalignment_error"),
        ("efficiency = 0.2", "efficiency = 1.2", "efficiency"),
        ("{}, {}, {", "{}, {", "detectors"),
        ("0.5, 0.1, 0.0]", "0.1, 0.5, 0.0]", "descend"),
        ("0.7, 0.2, 0.1]", "0.7, 0.2, 0.2]", "sum to"),
        ("0.7, 0.2, 0.1]", "0.7, 0.3]", "each intensity needs its probability"),
        ("intensities = [0.5, 0.1, 0.0]", "intensities = [0.5, 0.4, 0.3, 0.2, 0.1]", "intensities"),
        ("slot_rate_hz = 1e9", "slot_rate_hz = 0.0", "slot_rate_hz"),
    ],
)
def test_nonsense_is_refused_by_name(before: str, after: str, key: str) -> None:
    assert before in BB84
    with pytest.raises(ValidationError, match=key):
        TypeAdapter(Bb84Scene).validate_python(tomllib.loads(BB84.replace(before, after)))


def test_a_pair_scene_reads_too() -> None:
    scene = {"pair_rate_hz": 1e6, "duration_s": 1, "key_error": 0.1, "test_error": 0.1}
    party = {"receiver": {}, "loss_db": 3.0}
    made = TypeAdapter(Bbm92Scene).validate_python(scene | {"alice": party, "bob": party})
    assert made.bob.receiver.detectors[0].dead_time_ps == 30_000
    with pytest.raises(ValidationError, match="key_error"):
        TypeAdapter(Bbm92Scene).validate_python(scene | {"alice": party, "bob": party, "key_error": 0.51})


def test_a_slot_period_is_exact() -> None:
    source = DecoySource(
        slot_rate_hz=76e6, intensities=(0.5,), intensity_probabilities=(1.0,), key_basis_probability=0.5
    )
    assert source.slot_period_ps == Fraction(10**6, 76)

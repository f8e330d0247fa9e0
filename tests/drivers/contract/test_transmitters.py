"""What a state transmitter does."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.errors import DriverError, LimitError
from drivers.roles import Pattern, StateTransmitter
from tests.drivers.contract.conftest import Subject

ROLE = "transmitters"
PATTERN = Pattern(
    slot_hz=10e6, levels=(1.0, 0.3, 0.001), probabilities=(0.5, 0.3, 0.2), key_basis_probability=0.7
)


@pytest.fixture
def transmitter(subject: Subject) -> StateTransmitter:
    assert isinstance(subject.instrument, StateTransmitter)
    return subject.instrument


def test_the_states_of_a_run_are_whole_and_as_configured(transmitter: StateTransmitter) -> None:
    transmitter.configure(PATTERN)
    transmitter.start()
    chunks = [transmitter.read(60.0) for _ in range(4)]
    sent = transmitter.stop()
    while (last := chunks[-1]).first_slot + len(last) < sent:
        chunks.append(transmitter.read(60.0))
    states = np.concatenate([chunk.states for chunk in chunks])
    assert [chunk.first_slot for chunk in chunks] == np.cumsum(
        [0, *(len(chunk) for chunk in chunks[:-1])]
    ).tolist()
    assert len(states) == sent
    shares = np.bincount(states >> 2, minlength=4) / sent
    assert shares == pytest.approx([0.5, 0.3, 0.2, 0.0], abs=5 * 0.5 / np.sqrt(sent))
    assert np.mean(states & 1) == pytest.approx(0.3, abs=5 * 0.5 / np.sqrt(sent))
    assert np.mean(states >> 1 & 1) == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(sent))


def test_after_a_run_there_is_nothing_to_read_and_another_can_begin(
    transmitter: StateTransmitter, subject: Subject
) -> None:
    transmitter.configure(PATTERN)
    transmitter.start()
    sent = transmitter.stop()
    while (chunk := transmitter.read(60.0)).first_slot + len(chunk) < sent:
        pass
    with pytest.raises(DriverError, match=f"^{subject.name}: .*stopped"):
        transmitter.read(0.5)
    transmitter.start()
    assert transmitter.read(60.0).first_slot == 0
    transmitter.stop()


def test_two_runs_at_once_cannot(transmitter: StateTransmitter, subject: Subject) -> None:
    transmitter.configure(PATTERN)
    transmitter.start()
    with pytest.raises(DriverError, match=f"^{subject.name}: .*running"):
        transmitter.start()
    transmitter.make_safe()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"levels": (0.9, 0.3)}, "levels must be 1 and then descend"),
        ({"levels": (1.0, 0.3, 0.3)}, "levels must be 1 and then descend"),
        ({"probabilities": (0.5, 0.5)}, "each level needs a probability"),
        ({"probabilities": (0.5, 0.3, 0.3)}, "sum to 1"),
        ({"slot_hz": 1e12}, "slot_hz must be"),
        ({"key_basis_probability": 1.5}, "key_basis_probability must be"),
    ],
)
def test_a_pattern_that_it_cannot_send_is_refused(
    transmitter: StateTransmitter, change: dict[str, object], words: str
) -> None:
    with pytest.raises(LimitError, match=words):
        transmitter.configure(Pattern(**{**vars(PATTERN), **change}))  # type: ignore[arg-type]


def test_it_is_left_dark(transmitter: StateTransmitter) -> None:
    transmitter.configure(PATTERN)
    transmitter.start()
    transmitter.make_safe()
    transmitter.make_safe()
    with pytest.raises(DriverError, match="not running"):
        transmitter.stop()

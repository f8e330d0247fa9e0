"""A tap writes down what is said; a replay says it again; and an emulator says to the same questions the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drivers.emulation.rack.emulators import EMULATORS
from drivers.errors import AddressError, BadAnswer, DriverError, NoAnswer
from drivers.registry import open_instrument
from drivers.transport.addresses import open_transport
from tests.drivers.stands import in_mind, one_of

ONE_PORT = [driver for driver, emulator in EMULATORS.items() if list(emulator.hosts) == ["main"]]


def taped(driver: str, path: Path) -> list[object]:
    """Record a self-test, and give what it found."""
    parties, name = one_of(driver)
    stand = in_mind(parties)
    stand.addresses[name] = f"tap:{path},{stand.addresses[name]}"
    with stand.open(name) as instrument:
        return [instrument.identity(), instrument.self_test()]


@pytest.mark.parametrize("driver", ONE_PORT)
def test_a_recorded_dialogue_plays_again(driver: str, tmp_path: Path) -> None:
    path = tmp_path / "dialogue.jsonl"
    found = taped(driver, path)
    with open_instrument("lab.thing", driver, f"replay:{path}") as instrument:
        again = [instrument.identity(), instrument.self_test()]
    if driver != "device-random":  # which is named by its address
        assert again == found


@pytest.mark.parametrize("driver", [driver for driver in ONE_PORT if driver != "device-random"])
def test_an_emulator_answers_a_recorded_dialogue(driver: str, tmp_path: Path) -> None:
    """The way in which a dialogue with the real instrument is held against its emulator."""
    path = tmp_path / "dialogue.jsonl"
    taped(driver, path)
    parties, name = one_of(driver)
    stand = in_mind(parties)
    assert stand.models is not None
    line = open_transport(f"mem:{name}/main", stand.models)
    for entry in map(json.loads, path.read_text().splitlines()):
        if "sent" in entry:
            line.write(entry["sent"].encode("latin-1"))
        else:
            assert line.read(5.0) == entry["came"].encode("latin-1")


def test_another_question_than_then_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dialogue.jsonl"
    taped("hp-8156a", path)
    line = open_transport(f"replay:{path}")
    with pytest.raises(BadAnswer, match=r"b'hello' is said where the dialogue has sent b'\*IDN\?"):
        line.write(b"hello")
    with pytest.raises(NoAnswer):
        line.read(0.1)


@pytest.mark.parametrize("text", ["hello", "[1]", "{}", '{"at_s": "x", "sent": ""}', "\x00"])
def test_what_is_no_dialogue_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(AddressError, match="is no dialogue that a tap has written"):
        open_transport(f"replay:{path}")


@pytest.mark.parametrize("address", ["replay:/no/such/file", "tap:/no/such/dir/file,mem:nobody", "tap:file"])
def test_files_that_cannot_be_are_told(address: str) -> None:
    with pytest.raises(DriverError):
        open_transport(address)

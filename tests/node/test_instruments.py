"""Where a node's randomness comes from, and which instruments it takes for what."""

import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.configuration import InstrumentConfig
from drivers.identity import Identity
from postproc.entropy import MixedEntropy, SeededEntropy, SystemEntropy
from qkdctl.errors import ConfigurationError, InstrumentsError
from qkdctl.node.instruments import open_entropy
from qkdctl.node.label import check_origin

ROOT = Path(__file__).parents[2]


def entropy_of(random=None, seed=None):
    instruments = {} if random is None else {"alice": {"random": random}}
    spec = SimpleNamespace(role="alice", seed=seed, rack={})
    with open_entropy(spec, SimpleNamespace(instruments=instruments)) as entropy:
        return entropy


def test_randomness_is_the_systems_unless_told_otherwise():
    system = InstrumentConfig(driver="system-random", address="none")
    assert isinstance(entropy_of(), SystemEntropy)
    assert isinstance(entropy_of(system), MixedEntropy)
    assert isinstance(entropy_of(system, seed=5), SeededEntropy)


def test_a_random_source_that_is_not_there_is_named():
    with pytest.raises(InstrumentsError, match=r"alice\.random: "):
        entropy_of(InstrumentConfig(driver="device-random", address="file:///dev/nowhere"))


def test_another_instrument_is_no_random_source():
    with pytest.raises((ConfigurationError, InstrumentsError)):
        entropy_of(InstrumentConfig(driver="hp-8156a", address="tcp://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("label", "answers", "mixed", "fine"),
    [
        ("secret", ["no", "no"], False, True),
        ("secret", ["no", "unknown"], False, False),
        ("recorded", ["unknown"], True, False),
        ("emulated", ["yes", "unknown"], False, True),
        ("secret", ["yes"], False, False),
        ("recorded", ["yes"], True, False),
        ("emulated", ["yes", "yes"], False, True),
        ("emulated", ["yes", "no"], False, False),
        ("emulated", ["yes", "no"], True, True),
        ("demonstration", ["yes", "no"], False, False),
    ],
)
def test_real_and_emulated_are_not_mixed_unless_that_is_meant(label, answers, mixed, fine):
    emulated = {f"instrument {place}": answer for place, answer in enumerate(answers)}
    if fine:
        check_origin(label, "bob", emulated, mixed=mixed)
    else:
        with pytest.raises(ConfigurationError, match=r"instruments\.bob"):
            check_origin(label, "bob", emulated, mixed=mixed)


def test_an_instrument_is_what_its_place_or_it_or_you_say():
    silent, mark = Identity("S-Fifteen Instruments", "TDC1"), Identity("SANTEC", "TSL-570", "EMU42")
    real = InstrumentConfig(driver="s15-tdc1", address="serial:///dev/ttyACM0", real=True)
    assert real.emulated(silent) == "no"
    assert real.emulated(mark) == "yes"
    assert replace(real, real=False).emulated(silent) == "unknown"
    assert replace(real, address="rack").emulated(silent) == "yes"


def test_one_configuration_is_another_with_other_addresses():
    """All that differs between a real link and an emulated one is where its instruments are."""
    table = tomllib.loads((ROOT / "config" / "demo.toml").read_text())["instruments"]
    for party in table.values():
        for each in party.values():
            if each["address"] == "rack":
                InstrumentConfig(**each).check("bench.thing")
                InstrumentConfig(**{**each, "address": "tcp://192.0.2.1:5025", "real": True}).check(
                    "bench.thing"
                )

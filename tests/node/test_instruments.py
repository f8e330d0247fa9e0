"""Where a node's randomness comes from, and which instruments it takes for what."""

import tomllib
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from drivers.configuration import InstrumentConfig
from drivers.identity import Identity
from postproc.entropy import MixedEntropy, SeededEntropy, SystemEntropy
from qkdctl.cli.origin import vouched_for
from qkdctl.config.load import load_scenario
from qkdctl.errors import ConfigurationError, InstrumentsError, OriginUnknown
from qkdctl.node.failure import Failure, read_failure, write_failure
from qkdctl.node.instruments import open_entropy
from qkdctl.node.label import check_origin
from qkdctl.node.rig import Rig

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


def without_addresses(name):
    table = tomllib.loads((ROOT / "config" / f"{name}.toml").read_text())
    assert table.pop("name") == name
    addresses = {
        f"{party}.{role}": each.pop("address")
        for party, instruments in table["instruments"].items()
        for role, each in instruments.items()
    }
    return table, addresses


def test_a_laboratory_s_configuration_differs_from_an_emulated_one_in_addresses_only():
    emulated, on_the_rack = without_addresses("demo")
    real, in_the_laboratory = without_addresses("laboratory")
    assert emulated == real
    assert on_the_rack.keys() == in_the_laboratory.keys()
    for name, address in in_the_laboratory.items():
        assert address != "rack", name
        assert (address == "none") == (on_the_rack[name] == "none"), name


def test_the_laboratory_s_addresses_are_addresses():
    for name, config in load_scenario(ROOT / "config" / "laboratory.toml").instruments["bob"].items():
        config.check(f"bob.{name}")


def test_who_cannot_say_is_named_and_may_be_vouched_for(tmp_path):
    with pytest.raises(OriginUnknown, match=r"bob\.switch: cannot say whether it is a real") as raised:
        check_origin("secret", "bob", {"switch": "unknown", "tagger": "no", "other": "unknown"}, mixed=False)
    assert raised.value.instruments == ("bob.switch", "bob.other")
    write_failure(tmp_path, "acquire", raised.value)
    failure = read_failure(tmp_path, "acquire")
    assert failure is not None
    assert vouched_for([failure], lambda question: "Is it real?" in question) == ("bob.switch", "bob.other")
    assert vouched_for([failure], lambda question: "switch" in question) == ()
    assert vouched_for([Failure("acquire", 8, "something else")], lambda question: True) == ()


def test_without_a_terminal_nobody_is_asked(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert vouched_for([Failure("acquire", 3, "", unsure=("bob.switch",))]) == ()


def test_who_is_vouched_for_is_real():
    silent = SimpleNamespace(identity=lambda: Identity("Thorlabs", "OSW"), close=lambda: None)
    config = InstrumentConfig(driver="thorlabs-osw", address="serial:///dev/ttyUSB9")
    rig = Rig.__new__(Rig)
    rig._party, rig._configs, rig.instruments = "bob", {"switch": config}, {"switch": silent}
    assert rig.emulated() == {"switch": "unknown"}
    assert rig.emulated(["alice.switch"]) == {"switch": "unknown"}
    assert rig.emulated(["bob.switch"]) == {"switch": "no"}

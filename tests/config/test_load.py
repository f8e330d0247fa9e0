"""Nonsense of every kind, each refused in one sentence that names key, value and what is allowed."""

import re

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.errors import ConfigurationError
from tests.config.toml import session, written
from tests.support import links

TABLE = session(links.decoy_parameters(), name="mine")
PAIRS = session(links.bbm92_parameters())


def changed(table, **changes):
    """A copy of a table with values at dotted places changed, added, or (None) taken out."""
    table = {name: dict(value) if isinstance(value, dict) else value for name, value in table.items()}
    for place, value in changes.items():
        *above, last = place.split("__")
        inner = table
        for name in above:
            inner = inner.setdefault(name, {})
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return table


def test_a_good_file_is_taken(loaded):
    scenario = loaded(TABLE)
    assert scenario.name == "mine"
    assert scenario.parameters == links.decoy_parameters()
    assert scenario.waived == ("fixed-length", "active-basis-choice")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gate_ps": "2000"}, 'gate_ps is "2000", expected a whole number'),
        ({"gate_ps": 2000.5}, "gate_ps is 2000.5, expected a whole number"),
        ({"gate_ps": float("nan")}, "gate_ps is NaN, expected a whole number"),
        ({"gate_ps": True}, "gate_ps is true, expected a whole number"),
        ({"gate_ps": -1}, "gate_ps is -1, expected at least 1"),
        ({"gate_ps": 10**30}, f"gate_ps is {10**30}, expected at most 1000000000"),
        ({"gate_ps": []}, "gate_ps is [], expected a whole number"),
        ({"gate_ps": None}, "gate_ps is missing"),
        ({"gate_ps": 20_001}, "gate_ps is 20001, wider than a slot of 20000 ps"),
        ({"gate_pz": 3}, "gate_pz is not a key that is known here; did you mean gate_ps?"),
        ({"slot_hz": float("inf")}, "slot_hz is Infinity, expected a finite number"),
        ({"slot_hz": float("-inf")}, "slot_hz is -Infinity, expected a finite number"),
        ({"slot_hz": 999}, "slot_hz is 999, expected at least 1000"),
        ({"name": 3}, "name is 3, expected a string"),
        ({"protocol": None}, 'protocol is missing, expected "bbm92" or "decoy-bb84"'),
        ({"protocol": "b92"}, 'protocol is "b92", expected "bbm92" or "decoy-bb84"'),
        ({"protocol": ["bbm92"]}, 'protocol is ["bbm92"], expected "bbm92" or "decoy-bb84"'),
        ({"clock": 5}, "clock is 5, expected a table"),
        ({"clock__preamble_s": 0}, "clock.preamble_s is 0, expected more than 0"),
        ({"clock__preamble_s": 101}, "clock.preamble_s is 101, expected at most 100"),
        ({"clock__estimate_delays": 1}, "clock.estimate_delays is 1, expected true or false"),
        (
            {"clock__premble_s": 1, "clock__preamble_s": None},
            "clock.premble_s is not a key that is known here; did you mean preamble_s?",
        ),
        ({"security__eps_sec": 0}, "security.eps_sec is 0, expected at least 1e-60"),
        ({"security__eps_sec": 1}, "security.eps_sec is 1, expected at most 0.001"),
        ({"security__waived": "fixed-length"}, 'security.waived is "fixed-length", expected a list'),
        (
            {"reconciliation__expected_qber": 0.5},
            "reconciliation.expected_qber is 0.5, expected less than 0.5",
        ),
        (
            {"reconciliation__method": "winnow"},
            "reconciliation.method is \"winnow\", expected 'auto', 'ldpc' or 'cascade'",
        ),
        (
            {"link__basis_choice": "pasive"},
            "link.basis_choice is \"pasive\", expected 'active', 'passive' or 'unknown'",
        ),
        ({"intensities": [3]}, "intensities[0] is 3, expected a table"),
        ({"bob__detectors": []}, "bob.detectors is [], expected at least 2 entries and there are 0"),
        ({"emulaton": {}}, "emulaton is not a key that is known here; did you mean emulation?"),
        ({"emulation": 7}, "emulation is 7, expected a table"),
        ({"emulation": {"duration_s": -1}}, "emulation.duration_s is -1, expected more than 0"),
    ],
)
def test_one_mistake_gets_one_sentence(refusal, changes, sentence):
    lines = refusal(changed(TABLE, **changes))
    assert sentence in lines
    assert "emulation" in changes or len(lines) == 1


DETECTORS = TABLE["bob"]["detectors"]


@pytest.mark.parametrize(
    ("detectors", "sentence"),
    [
        ([*DETECTORS[:3], DETECTORS[3] | {"channel": 0}], "bob: channel 0 is given to two detectors"),
        (
            [*DETECTORS[:3], DETECTORS[3] | {"channel": 256}],
            "bob.detectors[3].channel is 256, expected at most 255",
        ),
        ([*DETECTORS[:3], DETECTORS[3] | {"bit": 2}], "bob.detectors[3].bit is 2, expected at most 1"),
        (
            [*DETECTORS[:3], DETECTORS[3] | {"basis": ""}],
            'bob.detectors[3].basis is "", expected at least 1 characters',
        ),
        (DETECTORS[:3], "Bob has no detector for bit 1 of basis 'X'"),
        (
            [*DETECTORS, {"channel": 9, "basis": "Y", "bit": 0}],
            "a detector of Bob measures basis 'Y', and the bases are 'Z' and 'X'",
        ),
        (
            [*DETECTORS[:3], {"chanel": 3, "basis": "X", "bit": 1}],
            "bob.detectors[3].chanel is not a key that is known here; did you mean channel?",
        ),
    ],
)
def test_nonsense_about_detectors_is_refused(refusal, detectors, sentence):
    assert refusal(changed(TABLE, bob__detectors=detectors)) == [sentence]


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"proof": "lim2041"}, "security: there is no proof 'lim2041'; there are lim2014, "),
        ({"proof": "tomamichel2012"}, "security: proof tomamichel2012 is for bbm92"),
        ({"proof": "rusca2018"}, "security: proof rusca2018 "),
        (
            {"waived": ["active-basis-choice"]},
            "security: proof lim2014 is about a key length agreed before the run; "
            'configure thresholds, or list "fixed-length" under waived',
        ),
        (
            {"waived": ["fixed-lenght"]},
            "security: there is no assumption 'fixed-lenght' to waive; there are fixed-length, ",
        ),
        ({"waived": ["fixed-length"]}, "security: "),
        (
            {
                "thresholds": {"single_photons_min": 10, "phase_error_max": 0.1, "leak_max_bits": 5},
                "waived": ["active-basis-choice"],
            },
            "security: ",
        ),
    ],
)
def test_a_proof_that_does_not_hold_is_refused_by_name(refusal, changes, beginning):
    (line,) = refusal(changed(TABLE, **{f"security__{name}": value for name, value in changes.items()}))
    assert line.startswith(beginning)


@pytest.mark.parametrize("proof", ["rusca2018", "wiesemann2024"])
def test_one_decoy_that_is_a_vacuum_is_refused_before_the_run(refusal, proof):
    pulses = [{"mean": 0.5, "probability": 0.7}, {"mean": 0.0, "probability": 0.3}]
    (line,) = refusal(changed(TABLE, intensities=pulses, security__proof=proof))
    assert line.startswith(f"security: proof {proof} needs mu1 > mu2 > 0, got 0.5, 0.0")


def test_a_missing_waiver_is_named(refusal):
    (line,) = refusal(
        changed(
            PAIRS, security__waived=[name for name in PAIRS["security"]["waived"] if name != "silent-times"]
        )
    )
    assert "silent-times" in line


def test_every_mistake_gets_its_line(refusal):
    lines = refusal(changed(TABLE, gate_ps=-1, slot_hz=1, clock__attempts=0, nonsense=1))
    assert len(lines) == 4
    assert lines[0].startswith("nonsense is not a key")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("gate_ps = ", "is not TOML: Invalid value"),
        ("[clock\n", "is not TOML: Expected ']'"),
        ("a = 1\na = 2\n", "is not TOML: Cannot overwrite a value"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is no scenario file: it is not text"),
        ("", 'protocol is missing, expected "bbm92" or "decoy-bb84"'),
    ],
)
def test_what_is_no_scenario_is_refused(refusal, content, sentence):
    (line,) = refusal(content)
    assert line.startswith(sentence)


def test_long_values_are_cut(refusal):
    (line,) = refusal(changed(TABLE, gate_ps="x" * 1000))
    assert len(line) < 120


def test_a_date_is_not_a_number(refusal):
    text = re.sub(r'(?m)^"gate_ps" = .*$', "gate_ps = 2026-01-01", written(TABLE))
    assert refusal(text) == ['gate_ps is "2026-01-01", expected a whole number']


@pytest.mark.parametrize("kind", ["directory", "missing"])
def test_a_path_that_is_no_file_is_refused(tmp_path, kind):
    with pytest.raises(ConfigurationError, match="cannot be read: "):
        load_scenario(tmp_path if kind == "directory" else tmp_path / "missing.toml")

"""What can be built can be written down, read again and agreed on."""

import tomllib
from dataclasses import asdict

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from postproc.conversation.agreement import SessionOpened
from postproc.entropy import SeededEntropy
from postproc.protocols import proof_of
from postproc.runner import run_pair
from qkdctl.config.load import load_scenario
from tests.config.sessions import sessions
from tests.config.toml import session, written
from tests.support.agreeing import agreeing

ONCE = settings(
    max_examples=60,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


@given(sessions)
@ONCE
def test_every_valid_session_survives_its_file(tmp_path, parameters):
    path = tmp_path / "scenario.toml"
    path.write_text(written(session(parameters)), encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.parameters == parameters
    assert scenario.name == "scenario"
    assert scenario.waived == proof_of(parameters)[1]
    assert scenario.emulation is None


@given(sessions)
@ONCE
def test_two_parties_with_the_same_file_agree(tmp_path, parameters):
    path = tmp_path / "scenario.toml"
    path.write_text(written(session(parameters)), encoding="utf-8")
    for result in agreed(load_scenario(path).parameters, parameters):
        assert isinstance(result, SessionOpened)


@given(sessions, sessions)
@ONCE
def test_two_parties_with_different_sessions_do_not(one, other):
    assume(one != other)
    for result in agreed(one, other):
        assert "the two parties' configurations differ" in result.reason


def agreed(alice, bob):
    """What the first step comes to, at Alice and at Bob."""
    ends = [[agree("alice", alice)], [agree("bob", bob)]]
    results = {}
    for role, result in run_pair(*ends, ["anything"], ["anything"]):
        results.setdefault(role, result)
    return results["alice"], results["bob"]


def agree(role, parameters):
    return agreeing(role, asdict(parameters), bytes(16), SeededEntropy(role.encode()))


@given(st.dictionaries(st.text(min_size=1), st.none() | st.integers() | st.text(), max_size=3))
def test_the_writer_writes_toml(table):
    kept = {name: value for name, value in table.items() if value is not None}
    assert tomllib.loads(written(kept)) == kept

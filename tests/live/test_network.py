"""A classical channel that is slow and breaks now and then: the same keys at both ends all the same."""

import pytest

import qkdctl.session
from qkdctl.config.packaged import scenario_path
from qkdctl.keystore.pair import both_stores
from tests.support.forwarder import Forwarder


@pytest.fixture
def detour(monkeypatch):
    """Let Bob reach Alice by a forwarder."""
    built = []
    direct = qkdctl.session._endpoint

    def through(*place):
        host, _, port = direct(*place).removeprefix("tcp://").rpartition(":")
        built.append(Forwarder(host, int(port), 0.01))
        return f"tcp://127.0.0.1:{built[0].port}"

    monkeypatch.setattr(qkdctl.session, "_endpoint", through)
    yield built
    for forwarder in built:
        forwarder.close()


def test_cuts_and_delays_cost_no_key(session, detour, tmp_path):
    cuts = []

    def cut_now_and_then(rack, role, event, directories):
        if event.kind in ("clock", "sifted", "tested"):
            cuts.append(event.kind)
            detour[0].cut()

    outcome, _ = session(scenario_path("pairs"), 2.6, cut_now_and_then)
    assert not outcome.failures
    assert len(cuts) >= 4
    assert detour[0].connections > 2
    assert len(outcome.run.keys("bob")) == 1
    with both_stores(tmp_path / "keys") as stores:
        alice, bob = ([store.value(entry.id) for entry in store.entries()] for store in stores.values())
        assert alice == bob
        assert len(alice) == 1


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_a_normal_end_raises_no_alarm(session, detour):
    """Alice's last word takes long: her light stays on until Bob has it, or he would miss it."""
    keys, alarms = [], []

    def watch(rack, role, event, directories):
        if event.kind == "block" and event.figures["outcome"] == "key":
            keys.append(role)
            detour[0].slow_down(3.0)
        if event.kind == "alarm":
            alarms.append(event.figures["name"])

    outcome, _ = session(scenario_path("quick").resolve(), 3.0, watch)
    assert not outcome.failures
    assert keys
    assert not {"count-drop", "detector-drop", "slots-lost"} & set(alarms)

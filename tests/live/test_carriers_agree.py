"""One thread and two nodes over ZeroMQ: the same outcome, keys and ledgers under the same randomness."""

import json

import pytest

from postproc.entropy import SeededEntropy
from qkdctl.config.load import load_scenario
from qkdctl.config.processes import DEFAULT
from qkdctl.keystore.pair import PARTIES, both_stores, import_shared_key
from qkdctl.process import process
from qkdctl.session import Session, run_session
from qkdctl.summary import summarise
from tests.cli.conftest import DECOY, PAIRS, recorded

KEY = bytes(range(256)) * 16


ALL = [name for group in DEFAULT for name in group]
SPLIT = tuple((name,) for name in ALL)


@pytest.mark.parametrize(
    ("table", "alice", "layout"),
    [
        (DECOY, "alice_states.h5", None),
        (PAIRS, "alice_tags.h5", None),
        pytest.param(PAIRS, "alice_tags.h5", (tuple(ALL),), marks=pytest.mark.campaign),
        pytest.param(PAIRS, "alice_tags.h5", SPLIT, marks=pytest.mark.campaign),
        (DECOY, "alice_states.h5", (tuple(ALL[:7]), tuple(ALL[7:]))),
    ],
)
def test_nodes_come_to_what_one_thread_comes_to(tmp_path, table, alice, layout):
    """Whichever stages share a process."""
    link = recorded(tmp_path, table, alice)
    if layout is not None:
        groups = json.dumps([list(group) for group in layout])
        link.config.write_text(f"processes = {groups}\n{link.config.read_text()}")
    files = {"alice": link.alice, "bob": link.bob}
    scenarios = dict.fromkeys(PARTIES, load_scenario(link.config))
    stores = {name: tmp_path / name for name in ("thread", "nodes")}
    for directory in stores.values():
        with both_stores(directory) as opened:
            import_shared_key(opened, KEY)
    with both_stores(stores["thread"]) as opened:
        entropy = {role: SeededEntropy(b"%b 5" % role.encode()) for role in PARTIES}
        run = process(files, scenarios, opened, entropy=entropy)
        expected, keys = figures(run, opened), stored(opened)
    session = Session(
        scenario_files=dict.fromkeys(PARTIES, link.config),
        stores=stores["nodes"],
        duration_s=1000.0,
        label="demonstration",
        recordings=files,
        seed=5,
    )
    outcome = run_session(session, scenarios["alice"])
    assert not outcome.failures
    with both_stores(stores["nodes"]) as opened:
        found = figures(outcome.run, opened)
        assert stored(opened) == keys
    assert len(keys) >= 4
    assert found == expected


def figures(run, stores):
    """All figures of a run, except for who came first to the end of the recording and said what it left over."""
    summary = summarise(run, stores, [])
    summary["alarms"] = [alarm for alarm in summary["alarms"] if alarm["name"] != "block-unfilled"]
    return json.loads(json.dumps(summary, default=float), parse_float=rounded)


def rounded(number):
    """What a sum's rounding cannot change: NumPy adds in another order where memory lies at another address."""
    return float(f"{float(number):.9g}")


def stored(stores):
    """All keys of both parties, with their names and lengths."""
    return {
        (role, entry.id, entry.length_bits, entry.state, store.value(entry.id).to_bytes())
        for role, store in stores.items()
        for entry in store.entries()
    }

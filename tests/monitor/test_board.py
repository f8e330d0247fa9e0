import os

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.history import History
from qkdctl.live import LATEST
from qkdctl.monitor.beacon import beacon, folder, lit, sessions
from qkdctl.monitor.board import KEPT, Board, Session
from qkdctl.monitor.metrics import Metrics
from qkdctl.node.identities import write_identities
from qkdctl.node.telemetry import Event
from tests.monitor.conftest import Time


def only(board):
    (session,) = board.figures()["sessions"].values()
    return session


def test_what_was_told_is_shown(board, busy):
    session = only(board)
    assert session["secret_bits"] == 400
    assert session["nodes"]["bob"]["state"] == "recording, clocks locked"
    assert session["nodes"]["bob"]["load"] == {
        "stages-0": {"busy": 0.25, "queued": 0.5, "allocated_bytes": 2**25}
    }
    assert session["rates"]["bob"]["channel_1_hz"] == [200.0]
    assert session["instruments"] == {"bob.tagger": {"identity": "TDC1 EMU1", "emulated": "yes"}}
    first, second = session["blocks"]
    assert (first["id"], first["qber_test"], first["qber_key"], first["outcome"]) == (1, 0.02, 0.01, "key")
    assert (second["outcome"], second["qber_key"], second["secret_bits"]) == ("in work", None, 0)
    assert session["alarms"] == []


def test_the_clock_is_shown_as_it_is_followed(board, busy):
    assert only(board)["clock"]["now"]["drift_ppb"] == 7.5
    busy("bob", "clock", "followed", offset_ps=2_100_000.0, drift_ppb=7.0)
    busy("bob", "clock", "followed", offset_ps=2_200_000.0, drift_ppb=6.0)
    clock = only(board)["clock"]
    assert clock["now"] == {"offset_ps": 2_200_000.0, "drift_ppb": 6.0}
    assert clock["history"]["drift_ppb"] == [7.0, 6.0]
    assert sum("clocks locked" in line for _, _, line in only(board)["log"]) == 1
    busy(
        "alice",
        "block",
        "1",
        outcome="key",
        secret_bits=1,
        clock_correction_ps=-50.0,
        clock_correction_ppb=0.5,
    )
    busy("bob", "clock", "followed", offset_ps=2_300_000.0, drift_ppb=6.0)
    assert only(board)["clock"]["now"] == {"offset_ps": 2_299_950.0, "drift_ppb": 6.5}
    busy("bob", "state", "agreed")
    busy("bob", "clock", "followed", offset_ps=1.0, drift_ppb=2.0)
    assert only(board)["clock"]["now"] == {"offset_ps": 1.0, "drift_ppb": 2.0}


def test_alarms_stand_as_long_as_they_last_the_worst_first(board, busy):
    busy("bob", "alarm", "Bob's clock", name="slots-lost", severity="error", what_to_do="Wait.")
    busy("alice", "alarm", "somebody", name="unexpected-message", severity="warning", what_to_do="Look.")
    busy("bob", "block", "2", outcome="refused", reason="too few")
    assert [alarm["name"] for alarm in only(board)["alarms"]] == [
        "slots-lost", "unexpected-message", "block-without-key"
    ]  # fmt: skip
    busy("bob", "relief", "Bob's clock", name="slots-lost")
    assert [alarm["name"] for alarm in only(board)["alarms"]] == ["unexpected-message", "block-without-key"]


def test_too_many_errors_are_an_alarm_until_a_block_is_well(board, busy):
    busy("bob", "tested", "10", test_errors=50, test_bits=200)
    (alarm,) = only(board)["alarms"]
    assert (alarm["name"], alarm["subject"]) == ("qber-high", "block 10")
    busy("bob", "tested", "11", test_errors=4, test_bits=200)
    assert only(board)["alarms"] == []


def test_a_block_refused_for_its_errors_tells_them_at_its_end(board, busy):
    busy("bob", "sifted", "3", key_bits=800, test_bits=200)
    busy("bob", "block", "3", outcome="refused", reason="too many errors", test_errors=50, test_bits=200)
    session = only(board)
    assert session["blocks"][-1]["qber_test"] == 0.25
    assert [alarm["name"] for alarm in session["alarms"]] == ["qber-high", "block-without-key"]


def test_a_node_that_should_record_and_says_nothing_is_an_alarm(board, tmp_path):
    time = Time()
    session = Session(next(iter(board.running.values())), time)
    session.nodes["alice"].state = "recording"
    assert list(session.alarms()) == []
    time.now_s += 7
    (alarm,) = session.alarms()
    assert (alarm["name"], alarm["subject"]) == ("node-silent", "Alice's node")
    session.nodes["alice"].state = "recorded"
    assert list(session.alarms()) == []
    session.end()


def test_a_node_that_failed_is_an_alarm(board, busy):
    busy("bob", "state", "failed")
    assert [(alarm["name"], alarm["subject"]) for alarm in only(board)["alarms"]] == [
        ("node-failed", "Bob's node")
    ]  # fmt: skip


def test_a_session_that_is_over_stays_to_be_read_and_alarms_no_more(board, busy):
    board.sessions["one"]._heard_s = {"alice": -1e9, "bob": -1e9}
    assert [alarm["name"] for alarm in only(board)["alarms"]] == ["node-silent"]
    board.running.clear()
    board.look()
    session = only(board)
    assert session["over"]
    assert session["secret_bits"] == 400
    assert session["alarms"] == []


def test_only_the_last_sessions_stay(board):
    beacon = board.running.pop("one")
    for number in range(2 * KEPT):
        board.running[str(number)] = beacon
        board.look()
        board.running.clear()
        board.look()
    assert list(board.sessions) == [str(number) for number in range(KEPT, 2 * KEPT)]


def test_a_session_is_found_while_it_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("QKDCTL_SESSIONS", str(tmp_path / "here"))
    directories = {"alice": tmp_path / "qkdctl-xyz" / "alice", "bob": tmp_path / "qkdctl-xyz" / "bob"}
    seen, history = [], History()
    scenario = load_scenario(scenario_path("demo"))
    with lit(seen.append, scenario, 5.0, history) as watch:
        assert sessions() == {}
        watch(directories)
        watch(directories)
        ((key, beacon),) = sessions().items()
        assert (key, beacon.pid, beacon.test_basis) == ("qkdctl-xyz", os.getpid(), "X")
        assert beacon.directories == {role: str(path) for role, path in directories.items()}
    assert sessions() == {}
    assert seen == [directories, directories]
    assert folder().stat().st_mode & 0o077 == 0


def test_what_a_killed_session_left_is_swept(tmp_path, monkeypatch):
    monkeypatch.setenv("QKDCTL_SESSIONS", str(tmp_path))
    (tmp_path / "1.json").write_text(
        '{"pid": 999999999, "name": "x", "key_basis": "Z", "test_basis": "X", "duration_s": 1,'
        ' "directories": {"alice": "/a/alice"}}'
    )
    (tmp_path / "2.json").write_text("{")
    assert sessions() == {}
    assert not (tmp_path / "1.json").exists()


def test_nothing_runs():
    board = Board(dict)
    board.look()
    board.listen()
    assert board.figures() == {"sessions": {}}


def test_one_node_of_two_machines_is_found_and_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("QKDCTL_SESSIONS", str(tmp_path / "here"))
    node = tmp_path / "qkdctl-abc"
    node.mkdir()
    write_identities(node, {"transmitter": "QTX-1"}, {"transmitter": "no"})
    with beacon(load_scenario(scenario_path("demo")), 5.0) as show:
        show({"alice": node})
        board = Board()
        board.look()
        board.listen()
        session = board.sessions["qkdctl-abc"]
        for event in (
            Event("supervisor", "block", "1", {"outcome": "key", "secret_bits": 400}),
            Event("supervisor", "block", "2", {"outcome": "refused", "reason": "too few"}),
        ):
            session.nodes["alice"].take(event)
            session._take("alice", event)
        shown = only(board)
        assert list(shown["nodes"]) == ["alice"]
        assert shown["secret_bits"] == 400
        assert [block["outcome"] for block in shown["blocks"]] == ["key", "refused"]
        assert shown["history"]["secret_bits"] == [400, 400]
        assert [alarm["name"] for alarm in shown["alarms"]] == ["block-without-key"]
        assert shown["instruments"] == {"alice.transmitter": {"identity": "QTX-1", "emulated": "no"}}
        assert b"qkdctl_secret_bits_total{" in generate_latest(registered(board))
        board.close()
    assert sessions() == {}


def registered(board):
    registry = CollectorRegistry()
    registry.register(Metrics(board))
    return registry


def test_who_listens_late_hears_all_the_same_when_a_node_falls_silent(tell, board):
    session = board.sessions["one"]
    session._clock = now = Time()
    tell("alice", "rates", recorded_s=100.0, count=300)
    now.now_s += 7.0
    assert [(alarm["name"], alarm["subject"]) for alarm in only(board)["alarms"]] == [
        ("node-silent", "Alice's node")
    ]


def test_a_session_does_not_end_because_nobody_can_look(tmp_path, monkeypatch):
    monkeypatch.setenv("QKDCTL_SESSIONS", str(tmp_path / "here"))
    with beacon(load_scenario(scenario_path("demo")), 5.0) as show:
        (tmp_path / "here" / f"{os.getpid()}.part").mkdir()
        show({"alice": tmp_path})
    assert sessions() == {}


def test_a_node_whose_session_broke_raises_an_alarm_until_another_one_records(board, busy):
    def raised():
        return [alarm["name"] for alarm in only(board)["alarms"]]

    busy("bob", "state", "paused")
    assert raised() == ["node-paused"]
    for state in ("preparing", "agreed", "paused", "preparing", "agreed"):
        busy("bob", "state", state)
        assert raised() == ["node-paused"]
    busy("bob", "state", "recording")
    assert raised() == []


def test_a_view_holds_so_many_alarms_and_no_more(board, busy):
    for block in range(3 * LATEST):
        busy("bob", "alarm", f"block {block}", name="retuning", severity="info", what_to_do="nothing")
    assert len(only(board)["alarms"]) == LATEST

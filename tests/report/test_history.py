import itertools

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.history import OPEN, POINTS, History, Series
from qkdctl.node.identities import write_identities
from qkdctl.node.telemetry import Event


@given(st.integers(0, 3 * POINTS))
def test_a_series_is_thin_and_keeps_its_ends(count):
    series = Series()
    for i in range(count):
        series.add(float(i), {"a_hz": i} if i % 3 else {"b_hz": i})
    table = series.table()
    assert len(table["t_s"]) <= POINTS
    assert {len(column) for column in table.values()} <= {len(table["t_s"])}
    steps = {b - a for a, b in itertools.pairwise(table["t_s"])}
    assert len(steps) <= 1, "as dense at the beginning as at the end"
    if count:
        assert table["t_s"][0] == 0.0
    for name in ("a_hz", "b_hz"):
        there = [(t, y) for t, y in zip(table["t_s"], table.get(name, []), strict=False) if y is not None]
        assert all(y in (t, 0) for t, y in there)


def test_a_channel_that_falls_silent_counts_nothing():
    series = Series()
    for figures in ({"a_hz": 5.0}, {"a_hz": 5.0, "b_hz": 7.0}, {"b_hz": 7.0}):
        series.add(float(len(series.t_s)), figures)
    assert series.table() == {"t_s": [0.0, 1.0, 2.0], "a_hz": [5.0, 5.0, 0], "b_hz": [None, 7.0, 7.0]}


def test_what_is_told_is_kept_with_its_time():
    now = iter([0.0, 1.5, 1.5, 2.0, 3.0, 3.0])
    history = History(lambda: next(now))
    history.take("bob", Event("acquire", "rates", "", {"channel_0_hz": 5.0}))
    history.take("bob", Event("acquire", "instrument", "tagger", {"identity": "TDC1", "emulated": "yes"}))
    history.take("bob", Event("supervisor", "relief", "Bob's detectors", {"name": "count-drop"}))
    table = history.table()
    assert table["rates"]["bob"] == {"t_s": [1.5], "channel_0_hz": [5.0]}
    assert history.instruments == {"bob.tagger": {"identity": "TDC1", "emulated": "yes"}}
    assert [line for _, _, line in table["log"]] == ["tagger is TDC1", "over: count-drop: Bob's detectors"]


def test_instruments_are_asked_for_where_telling_is_not_enough(tmp_path):
    history = History()
    history.ask({"bob": tmp_path})
    assert history.instruments == {}
    write_identities(tmp_path, {"tagger": "TDC1"}, {"tagger": "no"})
    history.ask({"bob": tmp_path})
    assert history.instruments == {"bob.tagger": {"identity": "TDC1", "emulated": "no"}}


def test_blocks_are_kept_with_their_errors_and_all_bits_so_far():
    history = History(itertools.count().__next__)

    def block(number, outcome, secret_bits):
        told = {
            "outcome": outcome,
            "secret_bits": secret_bits,
            "key_errors": 8,
            "key_bits": 800,
            "reason": "",
        }
        history.take("bob", Event("t", "sifted", number, {"key_bits": 800, "test_bits": 200}))
        history.take("bob", Event("t", "tested", number, {"test_errors": 4, "test_bits": 200}))
        history.take("bob", Event("t", "block", number, told))

    block("1", "key", 300)
    block("2", "refused", 0)
    history.take("bob", Event("t", "state", "agreed", {}))
    history.take("bob", Event("t", "block", "1", {"outcome": "aborted", "reason": "the line went"}))
    table = history.blocks.table()
    assert table["sifted_bits"] == [1000, 2000, 2000]
    assert table["secret_bits"] == [300, 300, 300]
    assert table["qber_test"] == [0.02, 0.02, None]
    assert table["qber_key"] == [0.01, 0.01, None]


def test_blocks_whose_end_was_not_heard_are_forgotten():
    history = History()
    for number in range(3 * OPEN):
        history.take("bob", Event("t", "tested", str(number), {"test_errors": 4, "test_bits": 200}))
    assert len(history._counts._blocks) <= OPEN

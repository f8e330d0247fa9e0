"""The audit log tells what happened, and tells when somebody has changed it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.errors import RecordingError
from qkdctl.keystore.audit import START, Head, entries, head_of, read_head, verify
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import SESSION, make_key


@pytest.fixture
def written(store):
    """A log of five entries."""
    with store.transaction() as connection:
        for number in range(1, 6):
            store.audit.note(connection, "tested", number_of=number)
    return store


def change(store, statement):
    with store.transaction() as connection:
        connection.execute(statement)


def check(store, known=None):
    with store.transaction() as connection:
        return verify(connection, known)


def test_a_log_is_whole(written):
    head = check(written)
    assert head.number == 5
    with written.transaction() as connection:
        assert head == head_of(connection)
        assert [entry["number_of"] for entry in entries(connection, 2)] == [2, 3, 4, 5]


def test_an_empty_log_is_whole(store):
    assert check(store) == Head(0, START)


@pytest.mark.parametrize("statement", [
    "UPDATE audit SET event = replace(event, '3', '7') WHERE number = 3",
    "DELETE FROM audit WHERE number = 3",
    "DELETE FROM audit WHERE number = 1",
    "UPDATE audit SET digest = substr(digest, 2) WHERE number = 5",
    "UPDATE audit SET number = 9 WHERE number = 5",
])  # fmt: skip
def test_a_changed_log_is_noticed(written, statement):
    change(written, statement)
    with pytest.raises(RecordingError, match="the audit log is broken after entry"):
        check(written)


def test_a_log_cut_at_its_end_or_written_anew_is_noticed_by_who_noted_its_head(written):
    known = check(written)
    change(written, "DELETE FROM audit WHERE number = 5")
    assert check(written).number == 4
    with pytest.raises(RecordingError, match="was cut or written anew"):
        check(written, known)
    change(written, "DELETE FROM audit")
    with pytest.raises(RecordingError, match="was cut or written anew"):
        check(written, known)


def test_a_log_that_went_on_contains_its_earlier_heads(written):
    known = check(written)
    with written.transaction() as connection:
        written.audit.note(connection, "tested")
    assert check(written, known).number == 6
    assert check(written, Head(0, START)).number == 6


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32))
@settings(max_examples=30)
def test_heads_are_read_as_they_are_printed(number, digest):
    assert read_head(str(Head(number, digest))) == Head(number, digest)


@pytest.mark.parametrize("text", ["", "1", "x:00", "1:00", "-1:" + "00" * 32, "1:" + "0" * 63])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        read_head(text)


def test_what_happens_to_a_blocks_key_is_noted_with_it(path, store, sink):
    sink.stage(make_key(1))
    sink.confirm(SESSION, 1)
    (entry,) = store.entries()
    with pytest.raises(KeyboardInterrupt):
        store.deliver(entry.id, lambda bits: (_ for _ in ()).throw(KeyboardInterrupt))
    store.deliver(entry.id, lambda bits: None)
    with KeyStore(path, "alice") as again, again.transaction() as connection:
        noted = [(row["event"], row["key"]) for row in entries(connection)]
    assert noted == [("confirmed", entry.id), ("exported", entry.id)]

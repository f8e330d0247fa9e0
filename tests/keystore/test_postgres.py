"""A store on a PostgreSQL server: what can be wrong with the server, said in a sentence, and nothing lost by it."""

import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import psycopg
import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore.access import make_private
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.postgres_place import read_conninfo
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.zeroise import zeroise
from tests.keystore.conftest import ORIGIN, SESSION, make_key, name_server, shared_key
from tests.keystore.test_crash import ROOT, check


@pytest.fixture
def engine():
    return "postgresql"


def refused(path, party="alice"):
    with pytest.raises(RecordingError) as caught:
        KeyStore(path, party, wait_s=0.1)
    sentence = str(caught.value)
    assert sentence.startswith(str(path.with_suffix(".postgresql")))
    assert "\n" not in sentence
    return sentence


def test_the_rows_are_on_the_server_and_no_file_is_made_for_them(path, store):
    store.stage(make_key(1), "recorded", ORIGIN)
    assert {file.name for file in path.parent.iterdir()} == {"alice.postgresql", "alice.kek"}
    with psycopg.connect(path.with_suffix(".postgresql").read_text()) as connection:
        assert connection.execute("SELECT block FROM qkdctl_alice.key").fetchall() == [(1,)]


def test_two_parties_share_a_database_and_not_a_store(path, store):
    other = path.with_name("bob.sqlite")
    name_server(other, path.with_suffix(".postgresql").read_text())
    with KeyStore(other, "bob") as bob:
        bob.stage(make_key(1), "recorded", ORIGIN)
        assert store.entries() == []


def test_a_schema_belongs_to_one_party(path, store):
    assert "is Alice's key store, expected Bob's" in refused(path, "bob")


def test_another_format_is_refused(path, store):
    with store.transaction() as connection:
        connection.execute("UPDATE store SET version = 1")
    assert "in format 1, expected format 3" in refused(path)


@pytest.mark.parametrize(("words", "sentence"), [
    ("", "the server cannot be reached"),
    ("host=/nowhere dbname=postgres", "the server cannot be reached"),
    ("a server, somewhere", "does not name a PostgreSQL database"),
    ("host=keys.example dbname=link", "the server keys.example is elsewhere"),
    ("host=localhost hostaddr=192.0.2.1 dbname=link sslmode=require", "the server 192.0.2.1 is elsewhere"),
])  # fmt: skip
def test_a_server_that_cannot_be_reached_or_trusted(tmp_path, monkeypatch, words, sentence):
    monkeypatch.setenv("PGHOST", "/nowhere either")
    path = tmp_path / "keys" / "alice.sqlite"
    name_server(path, words)
    assert sentence in refused(path)


def test_a_server_elsewhere_is_trusted_by_its_certificate(tmp_path):
    file = tmp_path / "alice.postgresql"
    make_private(file)
    file.write_text("host=keys.example dbname=link sslmode=verify-full")
    assert "lock_timeout=100" in read_conninfo(file, 0.1)


def test_what_cannot_be_read_as_words_is_not_repeated(tmp_path):
    path = tmp_path / "keys" / "alice.sqlite"
    name_server(path, "host=x password='planted")
    assert "planted" not in refused(path)


def test_a_file_that_others_can_read_is_refused(path):
    path.with_suffix(".postgresql").chmod(0o644)
    assert "chmod 600" in refused(path)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_forgets_is_refused(path, postgres, setting):
    postgres.stop()
    postgres.start(f"-c {setting}=off")
    try:
        assert f"has {setting} = off, expected on" in refused(path)
    finally:
        postgres.stop()
        postgres.start()


def test_a_server_that_only_reads_is_named(path, store, postgres):
    with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
    try:
        with pytest.raises(RecordingError, match="the server cannot write"):
            eventually_stage(store)
    finally:
        with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


def eventually_stage(store):
    for block in range(1, 100):
        store.stage(make_key(block), "recorded", ORIGIN)
        time.sleep(0.02)


def test_another_programs_transaction_is_waited_for_and_then_named(path, store):
    busy = pytest.raises(RecordingError, match="another program is using the store")
    with KeyStore(path, "alice") as other, other.transaction(), busy:
        store.entries()
    assert store.entries() == []


def test_one_run_at_a_time_on_all_machines(path, store, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "alice.sqlite"
    name_server(elsewhere, path.with_suffix(".postgresql").read_text())
    with (
        sole_run(path),
        pytest.raises(RecordingError, match="another run on another machine"),
        sole_run(elsewhere),
    ):
        pytest.fail("two runs at once")
    with sole_run(elsewhere):
        pass


def test_a_store_finds_its_server_again(store, postgres):
    store.stage(make_key(1), "recorded", ORIGIN)
    postgres.kill()
    with pytest.raises(RecordingError, match="the server"):
        store.confirm(SESSION, 1)
    postgres.start()
    store.confirm(SESSION, 1)
    postgres.stop()
    postgres.start()
    assert [entry.state for entry in store.entries()] == ["confirmed"]


def test_a_transaction_whose_server_goes_away_is_not_done(store, postgres):
    with pytest.raises(RecordingError, match="the server"):
        forget_hash_keys_and(store, lambda _: postgres.kill())
    postgres.start()
    assert len(store.pool.hash_key("alice")) == 16


def test_what_was_not_done_is_never_taken_for_done(store):
    def fail_quietly(connection):
        with suppress(RecordingError):
            connection.execute("SELECT nothing FROM nowhere")

    with pytest.raises(RecordingError, match="was not done"):
        forget_hash_keys_and(store, fail_quietly)
    assert len(store.pool.hash_key("alice")) == 16


def test_a_statement_that_fails_undoes_the_transaction_and_the_store_goes_on(store):
    with pytest.raises(RecordingError, match="not a usable key store"):
        forget_hash_keys_and(store, lambda connection: connection.execute("SELECT nothing FROM nowhere"))
    assert len(store.pool.hash_key("alice")) == 16


def test_ctrl_c_undoes_the_transaction(store):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forget_hash_keys_and(store, interrupt)
    assert len(store.pool.hash_key("alice")) == 16


def forget_hash_keys_and(store, do):
    with store.transaction() as connection:
        connection.execute("DELETE FROM hash_key")
        do(connection)


def test_zeroised_nothing_is_left_and_the_store_can_begin_anew(path, store):
    store.stage(make_key(1), "recorded", ORIGIN)
    zeroise(store)
    with KeyStore(path, "alice") as anew:
        anew.pool.import_shared_key(shared_key("new"))
        with anew.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM one_time_key").fetchone()[0] > 0


@contextmanager
def working(directory, seed):
    """The program of the crash tests, at work until its server is gone."""
    command = [sys.executable, "-m", "tests.keystore.crashing", directory, str(seed), "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def life_of_power_failures(path, postgres, first_seed, count):
    """Give how many of the programs were at work when their server went."""
    directory, at_work = path.parent, 0
    with KeyStore(path, "alice") as store:
        store.pool.import_shared_key(shared_key())
    (directory / "journal").touch(0o600)
    for seed in range(first_seed, first_seed + count):
        lines = journal_lines(directory)
        with working(directory, seed) as process:
            # Some have little to say, and are done before they have said so much.
            while process.poll() is None and journal_lines(directory) < lines + seed % 3 + 1:
                time.sleep(0.003)
            at_work += process.poll() is None
            postgres.kill()
        postgres.start()
        check(directory)
    return at_work


def journal_lines(directory):
    return (directory / "journal").read_bytes().count(b"\n")


def test_a_server_that_dies_loses_and_repeats_nothing(path, postgres):
    assert life_of_power_failures(path, postgres, 1, 2)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first_seed", range(100, 400, 20))
def test_a_server_that_dies_again_and_again_loses_and_repeats_nothing(path, postgres, first_seed):
    assert life_of_power_failures(path, postgres, first_seed, 20) >= 10

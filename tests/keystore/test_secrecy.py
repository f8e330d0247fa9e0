"""Keys stay out of sight: no repr, no pickle, and nothing left of them in the file once they are gone."""

import base64
import copy
import pickle
import traceback

import pytest

from qkdctl.keystore.entry import key_id
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, filler, make_key, name_server, shared_key

on_this_disk = pytest.mark.parametrize("engine", ["sqlite"])


def spellings(secret: bytes) -> list[bytes]:
    """How a secret's first bytes could appear somewhere, at any alignment of base64."""
    head = secret[:12]
    in_base64 = [base64.b64encode(head[shift:])[:12] for shift in range(3)]
    return [head, head.hex().encode(), head.hex().upper().encode(), repr(head)[2:-1].encode(), *in_base64]


def found(secret: bytes, *places: bytes) -> bool:
    return any(spelling in place for spelling in spellings(secret) for place in places)


def files(path) -> list[bytes]:
    return [file.read_bytes() for file in path.parent.iterdir()]


def test_no_value_is_on_a_servers_disk_in_clear(postgres, tmp_path):
    path = tmp_path / "keys" / "alice.sqlite"
    name_server(path, postgres.emptied())
    with KeyStore(path, "alice") as store:
        store.pool.import_shared_key(shared_key())
        store.stage(make_key(1), "recorded", ORIGIN)
        (value,) = sealed(store, "key")
    postgres.stop()
    try:
        data = [file.read_bytes() for file in (postgres.directory / "data").rglob("*") if file.is_file()]
    finally:
        postgres.start()
    assert any(value[:100] in one for one in data)
    secrets = [make_key(1).bits.to_bytes(), filler("alice 1", 32), shared_key()[16:], shared_key()[48:]]
    assert not any(found(secret, *data) for secret in secrets)


def test_the_search_finds_what_is_there():
    secret = filler("planted", 64)
    for spelling in (secret, secret.hex().encode(), base64.b64encode(b"xy" + secret), repr(secret).encode()):
        assert found(secret, b"before" + spelling + b"after")
    assert not found(secret, filler("another", 5000))


def sealed(store, table):
    """What is stored of a table's values, row by row: encrypted."""
    with store.transaction() as connection:
        return [bytes(row["value"]) for row in connection.execute(f"SELECT value FROM {table}")]


def test_no_value_is_in_the_file_in_clear(store, sink, path):
    sink.stage(make_key(1))
    sink.stage(make_key(2, 50_000))
    sink.confirm(SESSION, 2)
    with store.transaction() as connection:
        store.supply.open_block(connection, key_id(SESSION, 2), {"recorded"})
    store._database.close()
    secrets = [make_key(1).bits.to_bytes(), make_key(2, 50_000).bits.to_bytes(), filler("bob 1", 16)]
    pool = shared_key()[16:]
    secrets += [pool[start : start + 16] for start in range(0, len(pool), 16)]
    assert not any(found(secret, *files(path)) for secret in secrets)


@on_this_disk
def test_a_used_one_time_key_is_gone_from_the_disk(store, path):
    """Even what was stored of it, encrypted, is overwritten."""
    with store.transaction() as connection:
        rows = connection.execute("SELECT * FROM one_time_key").fetchall()
    store.pool.take("alice")
    store.pool.mark_used("bob", store.pool.take("bob")[0]._replace(number=1))
    store._database.close()
    used = {"alice": 1, "bob": 2}
    for row in rows:
        assert (bytes(row["value"]) in b"".join(files(path))) == (row["number"] >= used[row["sender"]])


@on_this_disk
def test_a_delivered_key_is_gone_from_the_disk(store, sink, path):
    for block in (1, 2):
        sink.stage(make_key(block, 100_000))
        sink.confirm(SESSION, block)
    first, second = sealed(store, "key")
    store.deliver(key_id(SESSION, 1), lambda bits: None)
    store._database.close()
    left = b"".join(files(path))
    assert second[:100] in left
    assert not any(first[place : place + 12] in left for place in range(0, len(first) - 12, 512))


@on_this_disk
def test_a_discarded_key_and_an_old_pool_are_gone_from_the_disk(store, sink, path):
    sink.stage(make_key(1))
    store.discard(SESSION, 1)
    store.pool.import_shared_key(shared_key("new"))
    store._database.close()
    gone = [make_key(1).bits.to_bytes(), filler("alice 1", 32), shared_key()[16:], shared_key()[48:]]
    assert not any(found(secret, *files(path)) for secret in gone)


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, lambda thing: repr([thing]), lambda thing: f"{thing}"]
)
def test_a_key_shows_its_length_only(show):
    key = make_key(1)
    for thing, expected in ((key, "<secret key of block 1, 203 bits>"), (key.bits, "<203 bits>")):
        assert expected in show(thing)


@pytest.mark.parametrize("copier", [pickle.dumps, copy.deepcopy])
def test_keys_are_not_pickled(copier):
    for thing in (make_key(1), make_key(1).bits):
        with pytest.raises(TypeError):
            copier(thing)


def test_no_traceback_of_the_store_shows_a_key(store, sink):
    sink.stage(make_key(1))
    texts = []
    for action in (
        lambda: sink.stage(make_key(1)),
        lambda: store.deliver(key_id(SESSION, 1), print),
        lambda: store.pool.import_shared_key(shared_key()),
        lambda: store.pool.import_shared_key(shared_key()[:60]),
        lambda: store.pool.refill(make_key(1).source, {"alice": filler("alice 1", 31)}),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            action()
        texts.append("".join(traceback.format_exception(caught.value)).encode())
    secrets = [make_key(1).bits.to_bytes(), filler("alice 1", 32), shared_key()[16:], shared_key()[48:]]
    assert not any(found(secret, *texts) for secret in secrets)

"""What the comparison of two key stores notices."""

import random
import sqlite3

import pytest

from postproc.bits import Bits
from postproc.secretsink import SecretKey
from qkdctl.keystore.comparison import compare_stores
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.pair import both_stores, import_shared_key, store_path
from qkdctl.keystore.sink import sink_for

SESSION = bytes(16)
ORIGIN = Origin("here", "bb84", "lim2014", ())


def key(block, disclosed=10):
    dice = random.Random(block)
    refill = {"alice": dice.randbytes(32), "bob": dice.randbytes(32)}
    return SecretKey(SESSION, block, Bits.from_bytes(dice.randbytes(16), 128), refill, disclosed, 128, 1e-10)


@pytest.fixture
def stores(tmp_path):
    """Two key stores with three keys each."""
    with both_stores(tmp_path) as opened:
        import_shared_key(opened, random.Random(0).randbytes(1024))
        for store in opened.values():
            sink = sink_for(store, "emulated", ORIGIN)
            for block in (1, 2, 3):
                sink.stage(key(block))
                sink.confirm(SESSION, block)
    return tmp_path


def change(stores, party, statement, *values):
    with sqlite3.connect(store_path(stores, party)) as connection:
        connection.execute(statement, values)
    connection.close()


def test_stores_that_agree(stores):
    told = compare_stores(stores)
    assert told["equal"]
    assert told["keys"] == 3
    assert told["one_time_keys"]["both"] == told["one_time_keys"]["alice"] > 0


def test_a_key_that_only_one_end_has(stores):
    change(stores, "bob", "DELETE FROM key WHERE block = 2")
    assert any("at Alice only" in each for each in compare_stores(stores)["complaints"])


def test_other_ledgers(stores):
    change(stores, "bob", "UPDATE key SET disclosed_bits = 9 WHERE block = 2")
    assert any("other ledgers" in each for each in compare_stores(stores)["complaints"])


def test_a_key_that_is_still_staged(stores):
    with both_stores(stores) as opened:
        for store in opened.values():
            sink_for(store, "emulated", ORIGIN).stage(key(4))
    assert any("still staged" in each for each in compare_stores(stores)["complaints"])


def test_two_values_and_one_value_twice(stores):
    with both_stores(stores) as opened:
        for party, store in opened.items():
            sink = sink_for(store, "emulated", ORIGIN)
            for block in (5, 6):
                one = key(1 if party == "alice" else block)
                sink.stage(SecretKey(SESSION, block, one.bits, key(block).refill, 10, 128, 1e-10))
                sink.confirm(SESSION, block)
    complaints = compare_stores(stores)["complaints"]
    assert any("has two values" in each for each in complaints)
    assert any("have the same value" in each for each in complaints)


def test_a_pool_that_was_refilled_at_one_end(stores):
    with both_stores(stores) as opened:
        opened["alice"].pool.refill(b"x" * 16, {"alice": bytes(16), "bob": bytes(16)})
    assert any("only Alice's authentication pool" in each for each in compare_stores(stores)["complaints"])


def test_an_audit_log_that_was_touched(stores):
    change(stores, "alice", "UPDATE audit SET event = replace(event, 'emulated', 'secret') WHERE number = 2")
    assert any(
        each.startswith("Alice: the audit log is broken") for each in compare_stores(stores)["complaints"]
    )

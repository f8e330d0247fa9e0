"""The same key at both ends, once each; by our client and by one that others wrote."""

import base64
import uuid
from time import monotonic, sleep

import pytest
from etsi_qkd_014_client import QKD014Client

from qkdctl.keystore.audit import entries
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.quarantine import quarantine
from qkdctl.kme import matching, serve
from qkdctl.kme.client import KmeRefused
from tests.keystore.conftest import SESSION
from tests.kme.lab import SAES, Lab


def theirs(link, sae, party):
    """A client that knows nothing of ours."""
    certificate, key, ca = map(str, link.files(sae))
    return QKD014Client(f"localhost:{link.ports[party]}", certificate, key, ca)


def values(container):
    return {item.key_id: base64.b64decode(item.key) for item in container.keys}


@pytest.mark.parametrize(
    ("master", "here", "slave", "there"),
    [("SAE_A", "alice", "SAE_B", "bob"), ("SAE_B", "bob", "SAE_A", "alice")],
)
def test_a_client_of_others_gets_the_same_keys_at_both_ends(link, master, here, slave, there):
    code, status = theirs(link, master, here).get_status(slave)
    assert (code, status.master_sae_id, status.slave_sae_id) == (200, master, slave)
    assert status.stored_key_count > 0
    code, container = theirs(link, master, here).get_key(slave, number=3, size=512)
    assert code == 200
    given = values(container)
    assert [len(value) for value in given.values()] == [64, 64, 64]
    assert len({uuid.UUID(name) for name in given}) == 3
    code, container = theirs(link, slave, there).get_key_with_key_IDs(master, list(given))
    assert code == 200
    assert values(container) == given
    code, error = theirs(link, slave, there).get_key_with_key_IDs(master, list(given)[:1])
    assert (code, error.message) == (400, "one or more keys specified are not found on KME")


def test_a_client_of_others_shares_a_key_among_many(link):
    code, container = theirs(link, "SAE_A", "alice").get_key(
        "SAE_B", additional_slave_sae_ids=["SAE_B2", "SAE_A2"]
    )
    assert code == 200
    for sae, party in (("SAE_B", "bob"), ("SAE_B2", "bob"), ("SAE_A2", "alice")):
        code, collected = theirs(link, sae, party).get_key_with_key_IDs(
            "SAE_A", [item.key_id for item in container.keys]
        )
        assert (code, values(collected)) == (200, values(container))


def test_every_key_is_another(link):
    with link.client("SAE_A") as a, link.client("SAE_B") as b:
        keys = [key for _ in range(10) for key in (*a.get_keys("SAE_B", 5), *b.get_keys("SAE_A", 5))]
    assert len({key.id for key in keys}) == len({key.value.reveal() for key in keys}) == 100
    assert {len(key.value) for key in keys} == {32}


def test_keys_of_all_sizes_over_the_ends_of_blocks(lab):
    """Blocks of 100 bytes: most keys take from several."""
    lab.fill(range(1, 41), 800)
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        left = 4000
        for size in (64, 72, 1024, 8192, 256, 136):
            (key,) = a.get_keys("SAE_B", size=size)
            assert len(key.value) == size // 8
            assert b.get_keys_by_id("SAE_A", [key.id])[0].value == key.value
            left -= size // 8
            for client, slave in ((a, "SAE_B"), (b, "SAE_A")):
                assert client.status(slave)["stored_key_count"] == left // 32


def test_the_pool_is_used_up_and_then_it_is_said(lab):
    lab.fill([1], 8 * 100)
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        with pytest.raises(KmeRefused, match="too little key") as refused:
            a.get_keys("SAE_B", 4)
        assert refused.value.status == 503
        keys = a.get_keys("SAE_B", 2) + b.get_keys("SAE_A", 1)
        for client, slave in ((a, "SAE_B"), (b, "SAE_A")):
            assert client.status(slave)["stored_key_count"] == 0
            with pytest.raises(KmeRefused, match="too little key"):
                client.get_keys(slave)
        assert b.get_keys_by_id("SAE_A", [key.id for key in keys[:2]])
        lab.fill([2], 8 * 32)
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] == 1)
        assert a.get_keys("SAE_B")


def test_names_are_decoded_from_the_address(link):
    """``SAE B/3`` has a space and a slash."""
    assert "SAE B/3" in SAES["bob"]
    link.authority.issue("sae", "SAE_B3")
    with link.client("SAE_A") as a:
        assert a.status("SAE B/3")["slave_SAE_ID"] == "SAE B/3"
        assert a.get_keys("SAE B/3")


def test_what_was_waiting_outlives_both_servers(lab):
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a:
        keys = a.get_keys("SAE_B", 3)
    with lab.start(), lab.client("SAE_B") as b:
        assert [k.value for k in b.get_keys_by_id("SAE_A", [k.id for k in keys])] == [k.value for k in keys]


def test_what_is_not_collected_in_time_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "SWEEP_S", 0.1)
    lab = Lab(tmp_path, limits="collect_within_s = 1.0")
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        soon = collected_in_time(a, b)
        (late,) = a.get_keys("SAE_B")
        sleep(1.1)
        with pytest.raises(KmeRefused, match="not found on KME"):
            b.get_keys_by_id("SAE_A", [late.id])
        pause_until(lambda: supply_state(lab, "bob", late.id) == "expired")
        assert supply_state(lab, "bob", soon.id) == "collected"


def collected_in_time(a, b):
    """A key that was collected; where the machine is too slow for that, another is tried."""
    end = monotonic() + 120
    while True:
        (key,) = a.get_keys("SAE_B")
        try:
            (theirs,) = b.get_keys_by_id("SAE_A", [key.id])
        except KmeRefused:
            assert monotonic() < end
        else:
            assert theirs.value == key.value
            return key


def supply_state(lab, party, key_id):
    with lab.store(party) as store, store.transaction() as connection:
        row = connection.execute("SELECT state FROM supply WHERE id = ?", (key_id,)).fetchone()
    return row["state"]


def test_key_that_became_too_old_is_destroyed(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "SWEEP_S", 0.1)
    lab = Lab(tmp_path, limits="max_age_s = 3.0")
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a:
        for party in ("alice", "bob"):
            pause_until(lambda party=party: states(lab, party) == {"destroyed"})
        with pytest.raises(KmeRefused, match="too little key"):
            a.get_keys("SAE_B")


def states(lab, party):
    with lab.store(party) as store:
        return {entry.state for entry in store.entries()}


def test_without_the_other_kme_no_key_is_given_and_none_is_spent(lab):
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a:
        before = a.status("SAE_B")["stored_key_count"]
    with lab.start("alice"), lab.client("SAE_A") as a:
        for _ in range(3):
            with pytest.raises(KmeRefused, match="the other KME cannot be reached") as refused:
                a.get_keys("SAE_B")
            assert refused.value.status == 503
    with lab.start("bob"), lab.client("SAE_B") as b, pytest.raises(KmeRefused, match="cannot be reached"):
        b.get_keys("SAE_A")
    with lab.start(), lab.client("SAE_A") as a:
        assert a.status("SAE_B")["stored_key_count"] == before


def test_keys_that_one_end_has_not_confirmed_are_confirmed_when_the_two_meet(lab):
    lab.fill([1], confirmed=("alice",))
    lab.fill([2], confirmed=("bob",))
    lab.fill([3], confirmed=())
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        a.get_keys("SAE_B")
        b.get_keys("SAE_A")
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] == 250 - 2)
    for party in ("alice", "bob"):
        with lab.store(party) as store:
            assert {entry.block: entry.state for entry in store.entries()} == {
                1: "opened",
                2: "opened",
                3: "staged",
            }


def test_a_block_that_the_other_end_exported_is_not_delivered(lab):
    """Its bytes are cut here and not there: nobody gets them, and the next block serves."""
    lab.fill([1, 2])
    with lab.start(), lab.client("SAE_A") as a:
        a.get_keys("SAE_B")
    with lab.store("bob") as store, store.transaction() as connection:
        name = connection.execute("SELECT id FROM key WHERE block = 1").fetchone()["id"]
        store.supply.close_block(connection, name, "a test")
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        (key,) = a.get_keys("SAE_B")
        assert b.get_keys_by_id("SAE_A", [key.id])[0].value == key.value
    with lab.store("alice") as store:
        assert store.entry(name).state == "destroyed"


@pytest.mark.parametrize(("master", "slave"), [("SAE_A", "SAE_B"), ("SAE_B", "SAE_A")])
def test_the_log_of_each_end_tells_from_which_blocks_a_key_was_cut(lab, master, slave):
    lab.fill([1, 2], 8 * 48)
    with lab.start(), lab.client(master) as client:
        pause_until(lambda: client.status(slave)["stored_key_count"] == 3)
        keys = client.get_keys(slave, 3)
    blocks = [key_id(SESSION, 1)], [key_id(SESSION, 1), key_id(SESSION, 2)], [key_id(SESSION, 2)]
    expected = dict(zip((key.id for key in keys), blocks, strict=True))
    for party in ("alice", "bob"):
        with lab.store(party) as store, store.transaction() as connection:
            noted = {
                e["key"]: e["cut_from"] for e in entries(connection) if e["event"] in ("delivered", "waits")
            }
        assert noted == expected


def test_a_block_that_is_put_aside_while_keys_of_it_wait(lab):
    lab.fill([1])
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        (key,) = a.get_keys("SAE_B")
        with lab.store("bob") as store:
            quarantine(store, key_id(SESSION, 1))
        with pytest.raises(KmeRefused, match="not found on KME"):
            b.get_keys_by_id("SAE_A", [key.id])


@pytest.mark.parametrize(("ended_at", "confirmed"), [("bob", ("alice", "bob")), ("alice", ("bob",))])
def test_blocks_that_one_end_has_no_longer_do_not_keep_the_others_waiting(
    lab, monkeypatch, ended_at, confirmed
):
    """As many of them as go into one message, and all older than the block that serves."""
    monkeypatch.setattr(matching, "MOST_BLOCKS", 4)
    lab.fill(range(1, 5))
    with lab.store(ended_at) as store, store.transaction() as connection:
        for entry in connection.execute("SELECT id FROM key").fetchall():
            store.supply.close_block(connection, entry["id"], "a test")
    lab.fill([5], 8 * 100, confirmed=confirmed)
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] == 3)
        (key,) = a.get_keys("SAE_B")
        assert b.get_keys_by_id("SAE_A", [key.id])[0].value == key.value


def pause_until(happened, seconds=120):
    end = monotonic() + seconds
    while not happened():
        assert monotonic() < end
        sleep(0.05)

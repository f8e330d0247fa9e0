"""Killed at any moment, the two KMEs deliver the same at both ends, nothing twice, and lose no confirmed key."""

from collections import Counter

import pytest

from qkdctl.keystore.audit import verify
from qkdctl.keystore.pair import PARTIES
from tests.keystore.conftest import filler
from tests.kme.killing import campaign
from tests.kme.streaming import CHUNK_BYTES

# A server that dies during a handshake leaves the client's socket to Python, which complains of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LENGTH = 20_000
IN_FLIGHT_BYTES = 5 * 3 * 128 + 2 * CHUNK_BYTES
"""Four loads and one that waits for the servers, three keys at most, of 1024 bits at most; two chunks."""


def check(lab, loads, stream, kills):
    chunks = stream.values()
    assert [wrong for load in (*loads, stream) for wrong in load.wrong] == []
    assert len(stream.broken) <= 4 * kills
    given = {key_id: value for load in loads for key_id, value in load.given.items()}
    collected = {key_id: value for load in loads for key_id, value in load.collected.items()}
    broken = {key_id for load in loads for key_id in load.broken}
    assert some(set(given) ^ (set(collected) | broken)) == []
    assert sum(len(load.broken) for load in loads) <= 3 * 4 * kills
    states = {party: supply(lab, party) for party in PARTIES}
    check_both_ends(lab, given, states)
    check_bytes(lab, given | chunks, kills)
    return len(given), len(chunks), len(broken) + len(stream.broken)


def check_both_ends(lab, given, states):
    """Each key that an application has is delivered at its end, and collected at the other: the same keys."""
    for key_id in given:
        assert sorted(state[key_id] for state in states.values() if key_id in state) == [
            "collected",
            "delivered",
        ]


def check_bytes(lab, given, kills):
    """Every byte is free, or in one delivered key, or was on its way when a server was killed."""
    blocks = {block: filler(f"key {block}", LENGTH) for block in range(1, 21)}
    places = Counter()
    for value in given.values():
        block, start = place_of(value, blocks)
        # Blocks follow each other.
        places.update(
            (block + (start + offset) // LENGTH, (start + offset) % LENGTH) for offset in range(len(value))
        )
    assert not places or max(places.values()) == 1
    free = {party: free_places(lab, party) for party in PARTIES}
    assert some(free["alice"] - free["bob"]) == []
    assert some(free["bob"] & set(places)) == []
    lost = len(blocks) * LENGTH - len(free["alice"]) - len(places)
    asked_by_await = 8 * 2 * (kills + 2) * 50
    assert lost <= IN_FLIGHT_BYTES * kills + asked_by_await


def some(places):
    """A few, to be shown: of thousands an assertion would write a book."""
    return sorted(places)[:5]


def place_of(value, blocks):
    for block, content in blocks.items():
        if (start := content.find(value)) >= 0:
            return block, start
    for block, content in blocks.items():
        for cut in range(len(value) - 1, 7, -1):
            if content.endswith(value[:cut]) and blocks[block + 1].startswith(value[cut:]):
                return block, LENGTH - cut
    raise AssertionError("a delivered key is none of the link's")


def supply(lab, party):
    with lab.store(party) as store, store.transaction() as connection:
        verify(connection)
        return {row["id"]: row["state"] for row in connection.execute("SELECT id, state FROM supply")}


def free_places(lab, party):
    with lab.store(party) as store, store.transaction() as connection:
        rows = connection.execute(
            "SELECT block, start, stop FROM extent JOIN key ON key.id = key_id"
        ).fetchall()
    return {(row["block"], place) for row in rows for place in range(row["start"], row["stop"])}


def test_the_check_would_notice(tmp_path):
    lab, loads, stream = campaign(tmp_path, 2, 0)
    given, chunks, broken = check(lab, loads, stream, 0)
    assert (given > 0, chunks > 0, broken) == (True, True, 0)
    load = next(load for load in loads if len(load.given) > 1)
    one, other = list(load.given)[:2]
    before = dict(load.given)
    for spoilt in (
        before | {one: before[other]},
        before | {one: bytes(8)},
        before | {"no such key": before[one]},
    ):
        load.given = spoilt
        with pytest.raises((AssertionError, KeyError)):
            check(lab, loads, stream, 0)
    load.given = before
    assert check(lab, loads, stream, 0)
    index = next(iter(stream.got))
    good = stream.got[index]["bob"]
    for spoilt in (bytes(CHUNK_BYTES), before[one]):
        stream.got[index]["bob"] = spoilt
        with pytest.raises(AssertionError):
            check(lab, loads, stream, 0)
        stream.wrong.clear()
        stream.got[index]["bob"] = good


def test_killed_some_times(tmp_path):
    given, chunks, _ = check(*campaign(tmp_path, 1, 5), 5)
    assert given > 20
    assert chunks > 1


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
def test_killed_fifty_times(tmp_path, seed):
    given, chunks, broken = check(*campaign(tmp_path, seed, 50), 50)
    print(
        f"seed {seed}: {given} keys and {chunks} chunks given, {broken} lost on their way to the second end"
    )
    assert given > 200
    # A stream opens anew after every kill, at both ends; where kills come fast, few get further.
    assert chunks > 0

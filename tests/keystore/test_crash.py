"""Killed at any step, a store never hands out twice, and never loses what it has said it holds."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from postproc.authentication.pool import KeyName
from postproc.authentication.sharedkey import cut_keys, split_shared_key
from postproc.errors import PoolExhausted
from qkdctl.keystore import audit
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import filler, make_key, shared_key
from tests.keystore.crashing import EXPORTS, new_hash_key

SHARED_KEY = shared_key()
ROOT = Path(__file__).parents[2]


def names_for_bob():
    return [KeyName(SHARED_KEY[:16], number) for number in range(40)]


class Programs:
    """Runs the program again and again."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.keystore.crashing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def crash(self, directory, seed, steps):
        """Run it once; give the steps it took if it lived."""
        self._process.stdin.write(json.dumps([str(directory), seed, steps]) + "\n")
        self._process.stdin.flush()
        code, count = json.loads(self._process.stdout.readline())
        assert code in (0, -9)
        return count if code == 0 else None

    def close(self):
        self._process.communicate()


@pytest.fixture(scope="module")
def programs():
    programs = Programs()
    yield programs
    programs.close()


@pytest.fixture
def directory(path):
    with KeyStore(path, "alice") as store:
        store.pool.import_shared_key(SHARED_KEY)
    return path.parent


def life_of_crashes(programs, directory, first_seed, count):
    """Crash again and again at random steps, looking at the store after each."""
    chance = random.Random(first_seed)
    steps = programs.crash(directory, first_seed, 0)
    died = 0
    for seed in range(first_seed + 1, first_seed + 1 + count):
        died += programs.crash(directory, seed, chance.randint(1, steps)) is None
        check(directory)
    return died


def test_killed_at_some_steps(programs, directory):
    assert life_of_crashes(programs, directory, 1, 8) >= 4


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first_seed", range(1000, 21000, 1000))
def test_killed_at_many_steps(programs, directory, first_seed):
    assert life_of_crashes(programs, directory, first_seed, 60) >= 30


def test_the_check_would_notice(directory):
    """A store that forgets what it said, or says it twice, does not pass."""
    (directory / "journal").write_text("staged 1\n")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(directory)
    name = f"{SHARED_KEY[:16].hex()} 0 {SHARED_KEY[48:64].hex()}"
    for line in (f"taken {name}\n", f"taken {name}\n" * 2):
        (directory / "journal").write_text(line)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            check(directory)


def check(directory):
    journal = [line.split() for line in (directory / "journal").read_text().splitlines()]
    told = {
        kind: [words[1:] for words in journal if words[0] == kind]
        for kind in ("staged", "confirmed", "exported", "taken", "used", "cut", "collected")
    }
    with KeyStore(directory / "alice.sqlite", "alice") as store:
        entries = {entry.block: entry for entry in store.entries()}
        check_keys(told, store, entries)
        check_files(told, directory, store, entries)
        check_pool(told, store, entries)
        check_hash_keys(store, entries)
        check_applications(told, store, entries)


def check_keys(told, store, entries):
    """What was reported staged or confirmed is there, whole."""
    for (block,) in told["staged"]:
        assert int(block) in entries
    for (block,) in told["confirmed"]:
        assert entries[int(block)].state in ("confirmed", "opened", "delivered")
    for block, entry in entries.items():
        if entry.state not in ("opened", "delivered"):
            assert store.value(entry.id) == make_key(block).bits


def check_files(told, directory, store, entries):
    """What is exported is in one file: its own, or the draft that the next export finishes; no other is in any."""
    found = [file for place in EXPORTS for file in (directory / place).glob("*") if file.read_bytes()]
    for block, entry in entries.items():
        whole = [file for file in found if file.name.startswith(f"key-{block}-")]
        with store.transaction() as connection:
            exported = audit.latest(connection, "exported", entry.id)
        draft = [file for file in found if exported and file.name == exported["draft"]]
        assert len(whole + draft) == bool(exported)
        assert bool(whole) >= ([str(block)] in told["exported"])
        if exported:
            assert entry.state == "delivered"
            assert (whole + draft)[0].read_bytes() == make_key(block).bits.to_bytes()


def check_pool(told, store, entries):
    """No key twice, each the right one; confirmed blocks are in the pool, and no others."""
    gone = {"alice": names(told["taken"]), "bob": names(told["used"])}
    for sender, listed in gone.items():
        assert len(set(listed)) == len(listed)
        for name in listed:
            with pytest.raises(PoolExhausted):
                store.pool.peek(sender, name)
    for words in told["taken"]:
        assert words[2] == expected_key("alice", words).hex()
    for words in told["used"]:
        assert words[2] == expected_key("bob", words).hex()
    for block, entry in entries.items():
        source = make_key(block).source
        known = source in sources(store)
        assert known == (entry.state != "staged")
        if not known:
            with pytest.raises(PoolExhausted):
                store.pool.peek("alice", KeyName(source, 0))


def check_hash_keys(store, entries):
    """Every one-time key that is free serves under one pair of hash keys, which is the one that its name says."""
    confirmed = {make_key(block).source: block for block, entry in entries.items() if entry.state != "staged"}
    expected = {SHARED_KEY[:16]: split_shared_key(SHARED_KEY).hash_keys} | {
        source: {role: new_hash_key(role, block) for role in ("alice", "bob")}
        for source, block in confirmed.items()
        if block % 3 == 0
    }
    there = store.pool.generations()
    for generation in there:
        assert generation.keys == expected[generation.source]
    newest = there[-1].source
    assert newest == SHARED_KEY[:16] or confirmed[newest] % 3 == 0
    for sender in ("alice", "bob"):
        for name, _ in store.pool.free(sender):
            (under,) = [each for each in there if name.source in each.serves]
            assert store.pool.hash_key(sender, name.source) == under.keys[sender]
    assert store.pool.epsilon == pytest.approx(len(confirmed) * make_key(1).epsilon, rel=1e-9)


def check_applications(told, store, entries):
    """What was cut was cut once, from its own place, and is free no longer; what was collected was cut."""
    whole = {entry.id: make_key(block).bits.to_bytes()[:25] for block, entry in entries.items()}
    cut = [(words[0], [place.split(":") for place in words[1:]]) for words in told["cut"]]
    starts = [(name, int(start)) for _, places in cut for name, start in places]
    assert len(set(starts)) == len(starts)
    free = free_bytes(store)
    for value, places in cut:
        assert value == b"".join(whole[name][int(start) :] for name, start in places)[:8].hex()
        assert not free & {(name, int(start)) for name, start in places}
    collected = [value for (value,) in told["collected"]]
    assert len(set(collected)) == len(collected)


def free_bytes(store):
    with store.transaction() as connection:
        rows = connection.execute("SELECT key_id, start, stop FROM extent").fetchall()
    return {(row["key_id"], place) for row in rows for place in range(row["start"], row["stop"])}


def sources(store):
    with store._database.transaction() as connection:
        return {bytes(row[0]) for row in connection.execute("SELECT source FROM refill_source")}


def names(lines):
    return [KeyName(bytes.fromhex(source), int(number)) for source, number, _ in lines]


def expected_key(sender, words):
    source, number = bytes.fromhex(words[0]), int(words[1])
    if source == SHARED_KEY[:16]:
        return cut_keys(split_shared_key(SHARED_KEY).one_time_keys[sender])[number]
    (block,) = [block for block in range(1, 1000) if make_key(block).source == source]
    return filler(f"{sender} {block}", 16 * (number + 1))[16 * number :]

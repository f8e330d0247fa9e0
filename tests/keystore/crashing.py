"""A program that works on a key store and kills itself after so many small steps.

Run as ``python -m tests.keystore.crashing DIRECTORY SEED STEPS``. A step is a few instructions of SQLite's
virtual machine, a word to or from PostgreSQL's server, a file that is opened or renamed, or a line in the journal
that the test reads afterwards.
With 0 steps it lives, and prints how many it took.

``python -m tests.keystore.crashing`` alone reads such words from lines, and begins each program by a fork: a thousand
lives do not import everything a thousand times. For each it prints the process's end and how many steps it took.
"""

import importlib
import json
import os
import random
import signal
import sqlite3
import sys
import traceback
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec

from postproc.errors import PoolExhausted
from qkdctl.errors import NotEnoughKey, RecordingError
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.export import export_key
from qkdctl.keystore.sink import sink_for
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.matching import finish_spent
from tests.keystore.conftest import ORIGIN, SESSION, filler, make_key

ACTIONS = 12
EXPORTS = ("here", "there")
INSTRUCTIONS = 15


class Fuse:
    """Counts steps, and kills the process at the given one."""

    def __init__(self, steps):
        self.steps, self.count = steps, 0

    def step(self):
        self.count += 1
        if self.count == self.steps:
            os.kill(os.getpid(), signal.SIGKILL)


class Journal:
    """What the program has been told by the store, written down at once."""

    def __init__(self, path, fuse):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._fuse = fuse

    def note(self, *words):
        self._fuse.step()
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())
        self._fuse.step()


def work(directory, seed, steps):
    fuse = Fuse(steps)
    journal = Journal(directory / "journal", fuse)
    chance = random.Random(seed)
    with KeyStore(directory / "alice.sqlite", "alice") as store:
        burn(fuse, store._database._connection)
        burn_at_files(fuse)
        sink = sink_for(store, "recorded", ORIGIN)
        for _ in range(ACTIONS):
            act(chance, store, sink, journal, directory)
        fuse.steps = 0
    return fuse.count


def burn(fuse, connection):
    """Have the fuse burn as the database works."""
    if isinstance(connection, sqlite3.Connection):
        connection.set_progress_handler(fuse.step, INSTRUCTIONS)
        return
    wait = connection.wait

    def stepping(*words, **options):
        fuse.step()
        result = wait(*words, **options)
        fuse.step()
        return result

    connection.wait = stepping


def burn_at_files(fuse):
    """Have the fuse burn before a file is opened or renamed, for as long as the process lives."""
    sys.addaudithook(lambda event, _: fuse.step() if event in ("open", "os.rename") else None)


def key_of(block):
    """Every third block brings hash keys of its own."""
    key = make_key(block)
    if block % 3:
        return key
    refill = {role: new_hash_key(role, block) + part for role, part in key.refill.items()}
    return msgspec.structs.replace(key, refill=refill, hash_source=key.source)


def new_hash_key(role, block):
    return filler(f"hash key of {role} {block}", 16)


def act(chance, store, sink, journal, directory):
    entries = store.entries()
    of = {state: [e.block for e in entries if e.state == state] for state in ("staged", "confirmed")}
    action = chance.choice(
        ["stage", "confirm", "take", "use", "export", "export again", "open", "cut", "collect"]
    )
    if action == "stage":
        block = len(entries) + 1
        sink.stage(key_of(block))
        journal.note("staged", block)
    elif action == "confirm" and of["staged"]:
        block = chance.choice(of["staged"])
        sink.confirm(SESSION, block)
        journal.note("confirmed", block)
    elif action == "take":
        name, key = store.pool.take("alice")
        journal.note("taken", name.source.hex(), name.number, key.hex())
    elif action == "use":
        use(chance, store, journal)
    elif action == "export" and of["confirmed"]:
        block = chance.choice(of["confirmed"])
        export(chance, store, block, journal, directory)
    elif action == "export again" and entries:
        with suppress(RecordingError):
            export(chance, store, chance.choice(entries).block, journal, directory)
    elif action == "open" and of["confirmed"]:
        with store.transaction() as connection:
            store.supply.open_block(connection, key_id(SESSION, chance.choice(of["confirmed"])), {"recorded"})
    elif action == "cut":
        cut(chance, store, journal)
    elif action == "collect":
        collect(chance, store, journal)


def export(chance, store, block, journal, directory):
    """Export a key into one of two directories."""
    place = directory / chance.choice(EXPORTS)
    place.mkdir(exist_ok=True)
    export_key(store, key_id(SESSION, block), place / f"key-{block}-{chance.randrange(10**9)}")
    journal.note("exported", block)


def cut(chance, store, journal):
    """Cut an application key, and hold it for a receiver; blocks of which all is cut are done."""
    key = ApplicationKey(f"application {chance.getrandbits(64)}", "A", ("B",), 64, "[]")
    try:
        with store.transaction() as connection:
            pieces, value = store.supply.extents.cut(connection, 8)
            store.supply.record(connection, key)
            store.supply.wait(connection, key, value, timedelta(days=1000))
            finish_spent(connection)
    except NotEnoughKey:
        return
    journal.note("cut", value.hex(), *(f"{piece.key_id}:{piece.start}" for piece in pieces))


def collect(chance, store, journal):
    with store.transaction() as connection:
        waiting = [row["id"] for row in connection.execute("SELECT id FROM waiting ORDER BY id")]
    if not waiting:
        return
    with store.transaction() as connection:
        (held,) = store.supply.collect(connection, "A", "B", [chance.choice(waiting)])
    journal.note("collected", held.value.reveal().hex())


def use(chance, store, journal):
    from tests.keystore.test_crash import names_for_bob

    name = chance.choice(names_for_bob())
    try:
        key = store.pool.peek("bob", name)
        store.pool.mark_used("bob", name)
    except PoolExhausted:
        return
    journal.note("used", name.source.hex(), name.number, key.hex())


def begin_each():
    importlib.import_module("tests.keystore.test_crash")
    for line in sys.stdin:
        directory, seed, steps = json.loads(line)
        reader, writer = os.pipe()
        if not (process := os.fork()):
            live(writer, Path(directory), seed, steps)
        os.close(writer)
        _, status = os.waitpid(process, 0)
        with os.fdopen(reader) as told:
            count = told.read()
        print(json.dumps([os.waitstatus_to_exitcode(status), int(count or 0)]), flush=True)


def live(writer, directory, seed, steps):
    try:
        os.write(writer, str(work(directory, seed, steps)).encode())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    else:
        begin_each()

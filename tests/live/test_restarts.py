"""A process of a node is killed while a session runs: the nodes begin anew, and both hold the same keys."""

import os
import random
import signal
from contextlib import suppress
from time import monotonic

import pytest

from postproc.blocks import SecretBlock
from qkdctl.keystore.pair import both_stores

VICTIMS = ("acquire", "stages-0", "stages-1", "channel", "supervisor")


def pid_of(directory, name):
    """The process of a node."""
    return int((directory / f"{name}.pid").read_text())


def kill_once(victim, role, when):
    """Kill a process of `role` when the event `when` comes from it."""
    killed = []

    def meddle(rack, who, event, directories):
        if not killed and who == role and (event.kind, event.subject) == when:
            os.kill(pid_of(directories[role], victim), signal.SIGKILL)
            killed.append(victim)

    return meddle, killed


@pytest.mark.parametrize(
    ("victim", "role"),
    [
        ("stages-1", "bob"),
        ("supervisor", "alice"),
        *(
            pytest.param(victim, role, marks=pytest.mark.campaign)
            for victim in VICTIMS
            for role in ("alice", "bob")
        ),
    ],
)
def test_nodes_begin_anew(session, quick, tmp_path, victim, role):
    meddle, killed = kill_once(victim, role, ("tested", "1"))
    seen = []

    def watch(rack, who, event, directories):
        meddle(rack, who, event, directories)
        if killed and event.kind == "block" and event.figures["outcome"] == "key":
            seen.append(who)

    outcome, events = session(quick, 1e6, watch, lambda: {"alice", "bob"} <= set(seen), restarts=3)
    assert killed
    assert not outcome.failures
    keys = {who: outcome.run.keys(who) for who in ("alice", "bob")}
    assert all(isinstance(key, SecretBlock) for both in keys.values() for key in both)
    with both_stores(tmp_path / "keys") as stores:
        entries = {who: {entry.id for entry in store.entries()} for who, store in stores.items()}
        assert entries["alice"] == entries["bob"]
        assert entries["alice"]
        for name in entries["alice"]:
            assert stores["alice"].value(name) == stores["bob"].value(name)
    assert len({event.figures.get("session") for _, event in events if event.subject == "agreed"}) >= 2


class Assassin:
    """Kills a random process of a random node, again and again, while there is one."""

    def __init__(self, seed, pause_s):
        self._random = random.Random(seed)
        self._pause_s = pause_s
        self._next_s = None
        self.kills = 0

    def __call__(self, rack, role, event, directories):
        now = monotonic()
        if self._next_s is None:
            self._next_s = now + self._random.uniform(*self._pause_s)
        if now < self._next_s:
            return
        self._next_s = now + self._random.uniform(*self._pause_s)
        victim, where = self._random.choice(VICTIMS), self._random.choice(sorted(directories))
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(pid_of(directories[where], victim), signal.SIGKILL)
            self.kills += 1


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(60))
def test_kills_at_random_moments(session, quick, tmp_path, seed):
    """However often, wherever and whenever a process is killed, both stores hold the same keys in the end."""
    assassin = Assassin(seed, (0.2, 6.0))
    until = monotonic() + 60.0
    outcome, _ = session(quick, 600.0, assassin, lambda: monotonic() > until, restarts=100)
    print(f"seed {seed}: {assassin.kills} kills, {len(outcome.run.keys('bob'))} keys")
    assert assassin.kills >= 3
    with both_stores(tmp_path / "keys") as stores:
        held = {
            who: {entry.id: store.value(entry.id).to_bytes() for entry in store.entries()}
            for who, store in stores.items()
        }
        assert all(entry.state == "confirmed" for store in stores.values() for entry in store.entries())
    assert held["alice"] == held["bob"]
    told = {
        who: {key.record.session + bytes([key.record.block]) for key in outcome.run.keys(who)} for who in held
    }
    assert all(len(told[who]) <= len(held[who]) for who in held)

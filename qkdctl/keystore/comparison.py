"""Whether two parties' key stores on one machine agree in every key and every ledger: what faults must not change."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.keystore import audit
from qkdctl.keystore.entry import KeyEntry
from qkdctl.keystore.pair import PARTIES, Stores, both_stores
from qkdctl.keystore.store import KeyStore


def compare_stores(directory: Path) -> dict[str, Any]:
    """Hold two settled key stores against each other.

    Keys: the same at both ends, with the same ledgers, none staged, no value twice. Authentication pools: refilled
    from the same blocks, and every one-time key that is free at both ends has the same value at both; one that is
    free at one end only was spent on words that a crash kept from arriving. Audit logs: unbroken, every key
    confirmed or quarantined, none confirmed twice.

    Returns
    -------
    dict
        As JSON has it: ``keys``, ``key_bits``, ``one_time_keys`` (free at Alice, at Bob, at both), ``complaints``
        (sentences) and ``equal``: whether there are none.
    """
    with both_stores(directory) as stores:
        entries = {role: {entry.id: entry for entry in store.entries()} for role, store in stores.items()}
        free = {role: _free(store) for role, store in stores.items()}
        complaints = [*_keys(stores, entries), *_pools(stores, free), *_logs(stores, entries)]
    both = free["alice"].keys() & free["bob"].keys()
    return {
        "keys": len(entries["alice"]),
        "key_bits": sum(entry.length_bits for entry in entries["alice"].values()),
        "one_time_keys": {**{role: len(free[role]) for role in PARTIES}, "both": len(both)},
        "complaints": complaints,
        "equal": not complaints,
    }


def _keys(stores: Stores, entries: dict[Role, dict[str, KeyEntry]]) -> Iterator[str]:
    alice, bob = entries["alice"], entries["bob"]
    for name in sorted(alice.keys() ^ bob.keys()):
        yield f"key {name} is at {'Alice' if name in alice else 'Bob'} only"
    values: Counter[bytes] = Counter()
    for name in sorted(alice.keys() & bob.keys()):
        if _public(alice[name]) != _public(bob[name]):
            yield f"key {name} has other ledgers at Alice than at Bob"
        if "staged" in (alice[name].state, bob[name].state):
            yield f"key {name} is still staged"
        told = (_digest(store, name) for store in stores.values())
        digests = {digest for digest in told if digest is not None}
        if len(digests) > 1:
            yield f"key {name} has two values"
        values.update(digests)
    for count in values.values():
        if count > 1:
            yield f"{count} keys have the same value"


def _public(entry: KeyEntry) -> KeyEntry:
    """What both parties must say of a key; each has its own clock, and its own applications."""
    return replace(entry, made_at="", state="confirmed")


def _digest(store: KeyStore, name: str) -> bytes | None:
    """A digest of a key's value; None where applications have it."""
    try:
        return hashlib.sha256(store.value(name).to_bytes()).digest()
    except RecordingError:
        return None


def _free(store: KeyStore) -> dict[tuple[Role, bytes, int], bytes]:
    """Digests of the one-time keys that are free."""
    return {
        (sender, name.source, name.number): hashlib.sha256(value).digest()
        for sender in PARTIES
        for name, value in store.pool.free(sender)
    }


def _pools(stores: Stores, free: dict[Role, dict[tuple[Role, bytes, int], bytes]]) -> Iterator[str]:
    alice, bob = (frozenset(store.pool.sources()) for store in stores.values())
    for source in sorted(alice ^ bob):
        where = "Alice" if source in alice else "Bob"
        yield f"only {where}'s authentication pool was refilled from {source.hex()}"
    for key in sorted(free["alice"].keys() & free["bob"].keys()):
        if free["alice"][key] != free["bob"][key]:
            sender, source, number = key
            yield f"one-time key {number} of {source.hex()} for {sender.capitalize()}'s words has two values"


def _logs(stores: Stores, entries: dict[Role, dict[str, KeyEntry]]) -> Iterator[str]:
    for role, store in stores.items():
        try:
            with store.transaction() as connection:
                audit.verify(connection)
                events = [(entry["event"], entry.get("key")) for entry in audit.entries(connection)]
        except RecordingError as error:
            yield f"{role.capitalize()}: {error}"
            continue
        noted = Counter(name for event, name in events if event == "confirmed")
        apart = {name for event, name in events if event == "quarantined"}
        for missing in sorted(entries[role].keys() - noted.keys() - apart):
            yield f"{role.capitalize()}'s audit log does not know key {missing}"
        for name, count in noted.items():
            if count > 1:
                yield f"{role.capitalize()}'s audit log has key {name} confirmed {count} times"

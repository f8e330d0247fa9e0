"""The tables of a key store, in SQLite's words. Values are sealed; see :mod:`~qkdctl.keystore.vault`."""

from __future__ import annotations

from pathlib import Path

from qkdctl.errors import RecordingError

VERSION = 3

APPLICATION_ID = 0x716B6463
"""What marks a SQLite file as a key store, "qkdc"; see https://sqlite.org/pragma.html#pragma_application_id."""

SCHEMA = """
CREATE TABLE store (version INTEGER NOT NULL, party TEXT NOT NULL);
CREATE TABLE key (
    id TEXT PRIMARY KEY,
    session BLOB NOT NULL,
    block INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('staged', 'confirmed', 'opened', 'delivered', 'destroyed')),
    label TEXT NOT NULL,
    length_bits INTEGER NOT NULL,
    value BLOB,
    refill_alice BLOB,
    refill_bob BLOB,
    refill_hash BLOB,
    made_at TEXT NOT NULL,
    origin TEXT NOT NULL,
    disclosed_bits INTEGER NOT NULL,
    authentication_bits INTEGER NOT NULL,
    epsilon REAL NOT NULL,
    UNIQUE (session, block),
    CHECK ((value IS NOT NULL) = (state IN ('staged', 'confirmed')))
);
CREATE TABLE shared_key (
    number INTEGER PRIMARY KEY,
    source BLOB NOT NULL UNIQUE,
    made_here INTEGER NOT NULL,
    epsilon REAL NOT NULL
);
CREATE TABLE hash_key (
    number INTEGER PRIMARY KEY,
    source BLOB NOT NULL,
    sender TEXT NOT NULL,
    value BLOB NOT NULL,
    tags INTEGER NOT NULL,
    since TEXT NOT NULL,
    UNIQUE (source, sender)
);
CREATE TABLE refill_source (source BLOB PRIMARY KEY, hash_source BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE one_time_key (
    sender TEXT NOT NULL,
    position INTEGER NOT NULL,
    source BLOB NOT NULL,
    number INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (sender, position),
    UNIQUE (sender, source, number)
) WITHOUT ROWID;
CREATE TABLE one_time_counter (sender TEXT PRIMARY KEY, first_unused INTEGER NOT NULL, total INTEGER NOT NULL);
CREATE TABLE epoch (number INTEGER PRIMARY KEY, wrapped BLOB NOT NULL, began_at TEXT NOT NULL);
CREATE TABLE extent (
    number INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES key (id),
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (key_id, start),
    CHECK (start < stop)
);
CREATE TABLE supply (
    id TEXT PRIMARY KEY,
    master TEXT NOT NULL,
    size_bits INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('delivered', 'waiting', 'collected', 'expired', 'lost', 'destroyed')),
    made_of TEXT NOT NULL,
    made_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE waiting (id TEXT PRIMARY KEY REFERENCES supply (id), value BLOB NOT NULL, until TEXT NOT NULL);
CREATE INDEX waiting_until ON waiting (until);
CREATE TABLE receiver (
    id TEXT NOT NULL REFERENCES supply (id),
    sae TEXT NOT NULL,
    collected_at TEXT,
    PRIMARY KEY (id, sae)
) WITHOUT ROWID;
CREATE TABLE audit (number INTEGER PRIMARY KEY, event TEXT NOT NULL, digest BLOB NOT NULL)
""".strip().split(";\n")
"""The statements that make the tables of an empty store."""


def check_kind(place: Path, version: int, party: str, expected: str) -> None:
    """Raise :class:`~qkdctl.errors.RecordingError` unless a store has this format, and is the party's."""
    if version != VERSION:
        raise RecordingError(
            f"{place}: is a key store in format {version}, expected format {VERSION}; "
            "use the version of qkdctl that wrote it, or name another directory with --store"
        )
    if party != expected:
        raise RecordingError(
            f"{place}: is {party.capitalize()}'s key store, expected {expected.capitalize()}'s; "
            "each party needs its own file"
        )

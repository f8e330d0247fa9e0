"""Destroying all keys of a node, whatever stands in the way of some."""

import os
import sqlite3
from pathlib import Path

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.lock import sole_run
from qkdctl.keystore.pair import store_path
from qkdctl.keystore.store import KeyStore
from qkdctl.network.emulated import keep
from qkdctl.network.spec import STORE, read_spec
from qkdctl.network.stores import Place, _seeds, stores_of, zeroise_all
from tests.network.lab import Network, packaged

ORIGIN = Origin("network", "modelled", "modelled", ())


@pytest.fixture
def home(tmp_path):
    """A node that has run: three stores, two secrets of links."""
    home = Network(packaged("saga"), tmp_path).layout.node("embassy")
    for place in places(home):
        fill(*place)
    assert stores_of(home) == places(home)
    assert len(places(home)) == 3
    assert len(_seeds(home)) == 2
    return home


def places(home):
    links = read_spec(home).links
    return [
        Place(home / STORE, "node"),
        *(Place(store_path(Path(link.store), link.party), link.party) for link in links),
    ]


def fill(path, party):
    path.parent.mkdir(exist_ok=True, mode=0o700)
    with KeyStore(path, party) as store, store.transaction() as connection:
        keep(store, connection, bytes(16), 0, os.urandom(64), ORIGIN)


def left(path):
    """How many keys and epochs' keys a file has, without the key-encryption key."""
    with sqlite3.connect(path) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0]
            for what in ("epoch", "key WHERE value IS NOT NULL")
        ]
    connection.close()
    return counts


def test_a_key_encryption_key_that_is_elsewhere_keeps_nothing_from_being_destroyed(home):
    (home / "node.kek").unlink()
    with pytest.raises(RecordingError, match=r"all else is destroyed.*node\.kek.*destroy that one too"):
        zeroise_all(home)
    assert all(left(place.path) == [0, 0] for place in stores_of(home))
    assert not _seeds(home)
    assert not [place for place in stores_of(home) if place.path.with_suffix(".kek").exists()]


def test_one_key_encryption_key_for_all_stores_goes_with_the_first(tmp_path, home, monkeypatch):
    for place in stores_of(home):
        place.path.unlink()
        place.path.with_suffix(".kek").unlink()
    monkeypatch.setenv("QKDCTL_KEK", str(tmp_path / "all.kek"))
    for place in places(home):
        fill(*place)
    assert zeroise_all(home) == [place.path for place in places(home)]
    assert all(left(place.path) == [0, 0] for place in places(home))
    assert not (tmp_path / "all.kek").exists()


def test_a_session_in_one_store_keeps_the_others_from_nothing(home):
    busy, *others = reversed(stores_of(home))
    with sole_run(busy.path), pytest.raises(RecordingError, match=f"left: {busy.path}: another run"):
        zeroise_all(home)
    assert left(busy.path) != [0, 0]
    assert all(left(place.path) == [0, 0] for place in others)
    assert not _seeds(home)


def test_a_store_whose_rows_are_on_a_server_is_one_of_the_nodes(home):
    (*_, last) = places(home)
    last.path.unlink()
    assert last not in stores_of(home)
    last.path.with_suffix(".postgresql").touch()
    assert stores_of(home) == places(home)

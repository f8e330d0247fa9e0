"""Whatever is cut in whatever order, every byte is cut once, from its own place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.errors import NotEnoughKey
from qkdctl.keystore.extents import EXTENT_BYTES, Piece, joined
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import ORIGIN, SESSION, filler, make_key

LENGTHS = (1, 31, EXTENT_BYTES - 1, EXTENT_BYTES, EXTENT_BYTES + 1, 5000)


def blocks(store, lengths=LENGTHS):
    """Open blocks of so many bytes; give their values by name."""
    values = {}
    for number, length in enumerate(lengths):
        store.stage(make_key(number, 8 * length), "secret", ORIGIN)
        store.confirm(SESSION, number)
    for entry in store.entries():
        with store.transaction() as connection:
            assert store.supply.open_block(connection, entry.id, {"secret"})
        values[entry.id] = filler(f"key {entry.block}", lengths[entry.block])
    return values


def at(values, piece):
    return values[piece.key_id][piece.start : piece.stop]


def test_key_is_cut_oldest_first_and_over_the_ends_of_blocks(store):
    values = blocks(store)
    whole = b"".join(values.values())
    with store.transaction() as connection:
        assert store.supply.extents.free_bytes(connection) == len(whole)
        place = 0
        for length in (1, 16, 32, 64, 2000, 3, 4096):
            pieces, value = store.supply.extents.cut(connection, length)
            assert value == whole[place : place + length]
            assert b"".join(at(values, piece) for piece in pieces) == value
            assert pieces == joined(pieces)
            place += length
        assert store.supply.extents.free_bytes(connection) == len(whole) - place


def test_more_than_there_is_is_not_cut(store):
    blocks(store, (100,))
    with store.transaction() as connection, pytest.raises(NotEnoughKey, match="100 bytes of key are there"):
        store.supply.extents.cut(connection, 101)


def test_a_part_of_a_byte_at_the_end_is_left_out(store, sink):
    sink.stage(make_key(1, 203))
    sink.confirm(SESSION, 1)
    with store.transaction() as connection:
        store.supply.open_block(connection, _only(connection), {"recorded"})
        assert store.supply.extents.free_bytes(connection) == 25
        assert store.supply.extents.cut(connection, 25)[1] == filler("key 1", 26)[:25]


def _only(connection):
    return connection.execute("SELECT id FROM key").fetchone()["id"]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2100), st.integers(1, 900)), max_size=25))
@settings(max_examples=25, deadline=None)
def test_pieces_are_taken_once_in_any_order(tmp_path_factory, wanted):
    with KeyStore(tmp_path_factory.mktemp("keys") / "bob.sqlite", "bob") as store:
        values = blocks(store, (100, 1500, 3000))
        names = list(values)
        free = {(name, place) for name, value in values.items() for place in range(len(value))}
        for which, start, length in wanted:
            piece = Piece(names[which], start, start + length)
            bytes_of = {(piece.key_id, place) for place in range(piece.start, piece.stop)}
            if bytes_of <= free:
                assert taken(store, piece) == at(values, piece)
                free -= bytes_of
            else:
                with pytest.raises(NotEnoughKey, match="are not free"):
                    taken(store, piece)
        with store.transaction() as connection:
            assert store.supply.extents.free_bytes(connection) == len(free)


def taken(store, piece):
    with store.transaction() as connection:
        return store.supply.extents.take(connection, piece)

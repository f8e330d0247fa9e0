"""What a station does with files that a satellite has not published."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from qkdctl.keystore.store import KeyStore
from qkdctl.kme import words as kme_words
from qkdctl.network.cards import Signer
from qkdctl.network.emulated import has, keep, session_of
from qkdctl.network.space.blocks import ORIGIN, opened
from qkdctl.network.space.publication import CONTEXT, read_publication
from tests.network.space.sky import Sky

UNUSED = ((0, 200, 400), (0, 200, 400))
"""Of station a's block, what no publication is of."""


@pytest.fixture
def sky(tmp_path):
    sky = Sky(tmp_path)

    async def fly():
        async with sky.board(lambda: 30.0) as board:
            await board.work()

    asyncio.run(fly())
    return sky


def unsigned(sky, **changes):
    publication = read_publication(sky.published / "00000000.xor")
    return msgspec.structs.replace(publication, signature=b"", tags=(b"", b""), **changes)


def signed(sky, **changes):
    """As by somebody who has the satellite's identity, and no key of a station."""
    forged = unsigned(sky, **changes)
    signature = Signer(sky.directory / "identity").sign(forged.text(), CONTEXT)
    return msgspec.structs.replace(forged, tags=(bytes(16), bytes(16)), signature=signature)


@pytest.mark.parametrize("forge", [unsigned, signed])
def test_a_forgery_in_the_place_of_what_was_used_costs_no_key(sky, forge):
    async def receive():
        async with sky.station("a") as (station, downlink, _):
            await station.work()
            assert await downlink.do(free_bytes) == 200
            path = sky.published / "00000000.xor"
            path.write_bytes(kme_words.encode(forge(sky, parts=UNUSED)))
            await station.work()
            return await downlink.do(free_bytes)

    assert asyncio.run(receive()) == 200


@pytest.mark.parametrize("forge", [unsigned, signed])
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("-0000001.xor", {"number": -1}),
        ("-0000001.xor", {"number": -1, "parts": UNUSED}),
        ("0.xor", {"number": 2**64 - 1}),
        ("18446744073709551615.xor", {"number": 2**64 - 1}),
        ("00000001.xor", {"number": 1, "parts": ((2**64 - 1, 0, 100), (0, 0, 100))}),
        ("00000001.xor", {"number": 1, "parts": ((0, 0, 2**64 - 1), (0, 0, 100))}),
        ("00000001.xor", {"number": 1, "parts": ((0, -1, -(2**63)), (0, 0, 100))}),
    ],
)
def test_numbers_that_make_no_sense_do_not_keep_a_station_from_its_key(sky, forge, name, changes):
    (sky.published / name).write_bytes(kme_words.encode(forge(sky, **changes)))

    async def receive():
        async with sky.station("a") as (station, downlink, link):
            for _ in range(2):
                await station.work()
            made = await link.do(lambda _, connection: has(connection, session_of(b"sat", b"ab"), 0))
            return made, await downlink.do(free_bytes)

    assert asyncio.run(receive()) == (True, 200)


def test_an_epochs_key_goes_when_nothing_of_the_epoch_is_left(sky):
    path = sky.directory / "old.sqlite"
    with KeyStore(path, "node", lambda: datetime(2026, 1, 1, tzinfo=UTC)) as old:
        with old.transaction() as connection:
            keep(old, connection, bytes(16), 0, bytes(64), ORIGIN)
        for entry in old.entries():
            old.deliver(entry.id, lambda bits: None)
        with old.transaction() as connection:
            (before,) = epochs(old, connection)

    async def open_again():
        async with asyncio.timeout(60), opened(path) as writer:
            while before in await writer.do(epochs):
                await asyncio.sleep(0.01)

    asyncio.run(open_again())


def epochs(store, connection):
    return [row["number"] for row in connection.execute("SELECT number FROM epoch")]


def free_bytes(store, connection):
    return store.supply.extents.free_bytes(connection)

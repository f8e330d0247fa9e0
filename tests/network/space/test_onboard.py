"""What runs on board: publications that are made whole, and none passed over."""

import asyncio
import os
from pathlib import Path

import pytest

from qkdctl.network.space.publication import read_publication
from tests.network.space.sky import Sky


@pytest.fixture
def sky(tmp_path):
    return Sky(tmp_path)


@pytest.mark.parametrize("looks_before", range(8))
def test_a_block_that_comes_while_the_satellite_works_is_published_all_the_same(sky, looks_before):
    times = iter([19.9] * looks_before)

    async def fly():
        async with sky.board(lambda: next(times, 20.0)) as board:
            for _ in range(looks_before + 1):
                await board.work()

    asyncio.run(fly())
    assert read_publication(sky.published / "00000000.xor").number == 0


def test_what_will_be_published_is_on_the_disk_before_its_key_is_gone(sky, monkeypatch):
    synced = []

    def fsync(handle):
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)

    async def fly():
        async with sky.board(lambda: 30.0) as board:
            note = board._writer.do

            async def do(work):
                done = await note(work)
                synced.append("committed")
                return done

            monkeypatch.setattr(board._writer, "do", do)
            await board.work()

    monkeypatch.setattr(os, "fsync", fsync)
    asyncio.run(fly())
    assert synced[-3:] == ["00000000.draft", "published", "committed"]

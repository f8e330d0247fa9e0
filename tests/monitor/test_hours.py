"""The monitor's page before a real browser, with sessions of hours and several of them side by side, made of events."""

import asyncio
import math
from pathlib import Path

import pytest
from aiohttp import web

from qkdctl.monitor.beacon import Beacon
from qkdctl.monitor.board import Board, Session
from qkdctl.monitor.server import application
from qkdctl.network.page.board import NetworkBoard
from qkdctl.network.page.server import application as network_page
from qkdctl.node.telemetry import Event
from tests.monitor.conftest import Time
from tests.monitor.test_in_the_browser import chromium, pictures  # noqa: F401
from tests.network.lab import Network, packaged
from tests.support.browser import Browser

HERE = frozenset({"127.0.0.1"})
HOURS, BLOCK_S = 6, 20
SIZES = {"wide": (1900, 1400), "usual": (1400, 1500), "narrow": (420, 1500)}

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(900)]


def lived(name, hours, tmp_path, test_qber=0.01):
    """A session that has run for so long: counts that drift, errors that rise slowly, and blocks that become key."""
    time = Time()
    where = {role: str(tmp_path / name / role) for role in ("alice", "bob")}
    session = Session(Beacon(1, name, "Z", "X", hours * 3600.0, where), time)

    def tell(role, kind, subject="", **figures):
        event = Event("test", kind, subject, figures)
        session.nodes[role].take(event)
        session._take(role, event)

    for role in ("alice", "bob"):
        tell(role, "state", "agreed")
        tell(role, "state", "recording")
    tell("bob", "instrument", "tagger", identity="S15 TDC1 EMU1, firmware 1.0", emulated="yes")
    tell("bob", "instrument", "detectors", identity="Single Quantum EOS EMU4711", emulated="yes")
    tell("bob", "clock", "locked", offset_ps=135_394_347_600, drift_ppb=7300.0)
    for block in range(1, round(hours * 3600 / BLOCK_S)):
        time.now_s += BLOCK_S
        turn = 1 + 0.1 * math.sin(block / 100)
        drift_ppb = 7300.0 + 40 * math.sin(block / 150)
        offset_ps = 135_394_347_600 + 7300.0 * 1000 * block * BLOCK_S
        tell("bob", "clock", "followed", offset_ps=offset_ps, drift_ppb=drift_ppb)
        rates = {f"channel_{c}_hz": rate * turn for c, rate in enumerate((117e3, 116e3, 51e3, 50e3))}
        tell("bob", "rates", recorded_s=float(block * BLOCK_S), count=1, **rates)
        errors = test_qber * (1 + block / 1000)
        tell("bob", "sifted", str(block), key_bits=700_000, test_bits=100_000)
        tell("bob", "tested", str(block), test_errors=round(1e5 * errors), test_bits=100_000)
        figures = {"key_errors": round(7e5 * errors * 1.1), "key_bits": 700_000}
        if errors < 0.06:
            tell("bob", "block", str(block), outcome="key", secret_bits=round(150_000 / turn), **figures)
        else:
            tell("bob", "block", str(block), outcome="refused", reason="more errors than agreed", **figures)
    for role in ("alice", "bob"):
        for process in ("acquire", "stages-0", "stages-1", "channel"):
            tell(role, "load", process, busy=0.4, queued=0.1)
        tell(role, "store", bits=2e8, authentication_keys=900)
    session.listen = lambda: None
    return session


def photograph(app, ready, folder: Path, name):
    """Take pictures of every size in light and dark; nothing may stick out at the side, and nobody complain."""

    async def show():
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with Browser() as browser:
            for size, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
                    await browser.open(url, width, height, scheme)
                    await browser.wait_for(ready)
                    await asyncio.sleep(1)
                    await browser.picture(folder / f"{name}-{size}-{scheme}.png")
                    assert await browser.ask("document.documentElement.scrollWidth - innerWidth") <= 0, (
                        size,
                        scheme,
                    )
            assert browser.complaints == []
            text = await browser.text()
        await runner.cleanup()
        return text

    return asyncio.run(show())


def shown(folder, name, *sessions):
    board = Board(lambda: {session.beacon.name: session.beacon for session in sessions})
    board.sessions = {session.beacon.name: session for session in sessions}
    ready = f"document.querySelectorAll('.bits .main-svg').length >= {len(sessions)}"
    return photograph(application(board, HERE), ready, folder, name)


def test_a_session_of_hours(tmp_path, pictures):  # noqa: F811
    text = shown(pictures, "hours", lived("luxembourg", HOURS, tmp_path))
    assert "hours" in text
    assert "Key rates" in text


def test_sessions_side_by_side(tmp_path, pictures):  # noqa: F811
    short = lived("belval", 0.05, tmp_path)
    bad = lived("bertrange", 1, tmp_path, test_qber=0.12)
    text = shown(pictures, "side-by-side", lived("luxembourg", HOURS, tmp_path), bad, short)
    assert {"luxembourg", "bertrange", "belval"} <= set(text.split())
    assert "qber-high" in text


def test_a_network(tmp_path, pictures):  # noqa: F811
    with Network(packaged("luxqci", speed=30), tmp_path / "luxqci") as network:
        network.share("BANK_HQ", "UNIVERSITY")
        network.cut("kirchberg-bertrange")
        app = network_page(NetworkBoard(network.layout.directory), HERE)
        text = photograph(
            app, "document.querySelectorAll('#graph .main-svg').length > 0", pictures, "network"
        )
    assert "kirchberg" in text

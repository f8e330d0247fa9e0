"""The monitor before a real browser, on a running emulated link: what a technician sees when all is well, and when not.

``QKDCTL_SCREENSHOTS`` names a directory for the pictures.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.node.addresses import write_addresses
from qkdctl.rack import make_rack
from tests.live.conftest import QUICK
from tests.support.browser import CHROMIUM, Browser

SPEED = 0.3
"""Of the bench: two nodes, a rack and a browser share the cores of a small machine."""

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def chromium():
    """Whoever asks for these tests is told if they cannot be had."""
    assert CHROMIUM is not None, "needs Chromium: apt-get install chromium"


@pytest.fixture
def pictures(tmp_path):
    folder = Path(os.environ.get("QKDCTL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def stage(tmp_path):
    """A session on a rack in the test's hands, and a monitor; gives the rack, the session and the page's address."""
    with ExitStack() as stack:

        def begin(duration_s):
            config = tmp_path / "link.toml"
            config.write_text(quick_text())
            rack = stack.enter_context(make_rack(load_scenario(config), seed=1, speed=SPEED))
            write_addresses(tmp_path / "rack.json", rack.control_address, rack.addresses)
            environment = {**os.environ, "QKDCTL_SESSIONS": str(tmp_path / "sessions")}
            monitor = stack.enter_context(started("monitor", cwd=tmp_path, env=environment))
            url = monitor.stdout.readline().strip()
            arguments = ["run", str(config), "--addresses", "rack.json", "--duration", str(duration_s)]
            session = stack.enter_context(started(*arguments, cwd=tmp_path, env=environment))
            return rack, session, url

        yield begin


@contextmanager
def started(*arguments, **options):
    command = [sys.executable, "-m", "qkdctl", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


KEY = "document.querySelectorAll('.blocks td.key').length >= 2"


def raised(name):
    return f"document.querySelector('.alarms')?.innerText.includes({json.dumps(name)})"


def watch(stage, pictures, name, meddle, wait, *, duration_s=90):
    """Show a session, do something to it once it makes key, wait for what the page says; give the page's text."""

    async def show():
        rack, session, url = stage(duration_s)
        async with Browser() as browser:
            await browser.open(url)
            await browser.wait_for(KEY, 400)
            meddle(rack, session)
            await browser.wait_for(wait, 300)
            for scheme in ("light", "dark"):
                await browser.scheme(scheme)
                await asyncio.sleep(2)
                await browser.picture(pictures / f"{name}-{scheme}.png")
            assert browser.complaints == []
            return await browser.text(), await browser.text(".alarms")

    return asyncio.run(show())


def test_all_is_well(stage, pictures):
    text, alarms = watch(stage, pictures, "normal", lambda rack, session: None, KEY)
    assert "clock drift" in text
    assert "Koheron CTL200" in text
    assert not alarms.strip()


def test_somebody_measures_and_sends_again(stage, pictures):
    def attack(rack, session):
        rack.set("eve.intercept_resend", 1.0)

    text, alarms = watch(stage, pictures, "intercept-resend", attack, raised("qber-high"))
    assert "eavesdropper" in alarms
    assert "refused" in text or "aborted" in text or "in work" in text


def test_a_detector_latches(stage, pictures):
    def latch(rack, session):
        rack.set("bob.detector1.latched", True)

    _, alarms = watch(stage, pictures, "latched", latch, raised("detector-drop"))
    assert "channel 0" in alarms
    assert "Switch its bias off and on" in alarms


def test_a_node_is_lost(stage, pictures):
    def kill(rack, session):
        listing = subprocess.run(
            ["ps", "-ww", "-o", "pid,args", "--ppid", str(session.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        (line,) = [
            line for line in listing.stdout.splitlines() if "qkdctl.node" in line and line.endswith("/alice")
        ]
        os.killpg(int(line.split()[0]), signal.SIGKILL)

    _, alarms = watch(stage, pictures, "peer-lost", kill, raised("node-silent"))
    assert "Alice's node" in alarms


def test_the_desk_operates_a_session(tmp_path, pictures):
    """Log in, start, have Eve measure, pause: on the page, as a technician does."""

    async def show(url):
        async with Browser() as browser:
            await browser.open(url)
            await browser.wait_for("!document.getElementById('desk').hidden", 60)
            assert await browser.ask("document.querySelector('.orders').hidden")
            token = (tmp_path / "monitor.token").read_text().strip()
            await browser.ask(f"document.querySelector('.login input').value = {json.dumps(token)}")
            await browser.ask("document.querySelector('.login').requestSubmit()")
            await browser.wait_for("!document.querySelector('.orders').hidden", 30)
            await press(browser, "start")
            await browser.wait_for(KEY.replace("2", "1"), 300)
            await browser.ask("document.querySelector('.fault select').value = 'eve.intercept_resend'")
            await browser.ask("document.querySelector('.fault input').value = '1'")
            await browser.ask("document.querySelector('.fault').requestSubmit()")
            await browser.wait_for(raised("qber-high"), 400)
            for scheme in ("light", "dark"):
                await browser.scheme(scheme)
                await asyncio.sleep(2)
                await browser.picture(pictures / f"desk-{scheme}.png")
            await press(browser, "pause")
            await browser.wait_for(
                "document.querySelector('#desk .state').innerText.startsWith('paused')", 120
            )
            assert browser.complaints == []
            return await browser.text("#desk")

    (tmp_path / "link.toml").write_text(quick_text())
    environment = {**os.environ, "QKDCTL_SESSIONS": str(tmp_path / "sessions")}
    options = ("--control", "link.toml", "--duration", "300", "--bench-speed", str(SPEED))
    with started("monitor", *options, cwd=tmp_path, env=environment) as monitor:
        text = asyncio.run(show(monitor.stdout.readline().strip()))
    assert "start goes on with what is left" in text


async def press(browser, what):
    await browser.ask(f"document.querySelector('[data-do={what}]').click()")


def quick_text():
    text = scenario_path("demo").read_text()
    for long, short in QUICK.items():
        text = text.replace(long, short)
    return text

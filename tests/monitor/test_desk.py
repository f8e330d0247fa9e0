"""The controls: nobody operates them without the token, and they do what they say."""

import asyncio
import sys
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, CookieJar, web

from qkdctl.errors import RecordingError
from qkdctl.monitor.desk import Desk, Duty, Refused
from qkdctl.monitor.login import Login, token_in
from qkdctl.monitor.server import Control, application

SLEEPER = """
import signal
import time
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    print("now it can be interrupted", flush=True)
    time.sleep(300)
except KeyboardInterrupt:
    raise SystemExit(130)
"""
DONE = "print()"


class Puppets(Desk):
    """A desk whose commands are not qkdctl's: sessions sleep until interrupted, calibrations are over at once."""

    def __init__(self, tmp_path, session=SLEEPER, calibration=DONE):
        super().__init__(Duty(tmp_path / "lab.toml", tmp_path / "keys", 100.0, emulated=False))
        self.typed, self._scripts = [], {"run": session, "calibrate": calibration}

    async def _qkdctl(self, *arguments):
        self.typed.append(arguments)
        script = self._scripts[arguments[0]]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
        )
        await process.stdout.readline()
        return process


async def until(desk, state):
    async with asyncio.timeout(120):
        while desk.state != state:
            await asyncio.sleep(0.02)


def on_a(desk, orders):
    async def run():
        await desk.up()
        try:
            await orders()
        finally:
            await desk.down()

    asyncio.run(run())


def test_a_session_is_started_paused_continued_and_stopped(tmp_path):
    desk = Puppets(tmp_path)

    async def orders():
        await desk.obey({"do": "start"})
        assert desk.state == "running"
        await asyncio.sleep(0.3)
        await desk.obey({"do": "pause"})
        await until(desk, "paused")
        assert 50 < desk.figures()["left_s"] < 100
        await desk.obey({"do": "start"})
        await desk.obey({"do": "stop"})
        await until(desk, "idle")
        assert desk.figures()["left_s"] == 100.0

    on_a(desk, orders)
    assert [each[0] for each in desk.typed] == ["run", "run"]
    durations = [float(each[each.index("--duration") + 1]) for each in desk.typed]
    assert durations[0] == 100.0
    assert durations[1] < 100.0


def test_recalibrating_pauses_and_goes_on(tmp_path):
    desk = Puppets(tmp_path)

    async def orders():
        await desk.obey({"do": "start"})
        await desk.obey({"do": "recalibrate"})
        async with asyncio.timeout(120):
            while desk.said != "calibrated; the session goes on":
                await asyncio.sleep(0.02)
        assert desk.state == "running"

    on_a(desk, orders)
    assert [each[0] for each in desk.typed] == ["run", "calibrate", "run"]


def test_nothing_begins_once_the_desk_goes_down(tmp_path):
    desk = Puppets(tmp_path, calibration=SLEEPER)

    async def orders():
        await desk.obey({"do": "start"})
        await desk.obey({"do": "recalibrate"})
        async with asyncio.timeout(120):
            while len(desk.typed) < 2:
                await asyncio.sleep(0.02)

    on_a(desk, orders)
    assert [each[0] for each in desk.typed] == ["run", "calibrate"]


def test_a_session_that_is_being_ended_for_a_calibration_stays_ended(tmp_path):
    desk = Puppets(tmp_path)

    async def orders():
        await desk.obey({"do": "start"})
        await desk.obey({"do": "recalibrate"})
        await asyncio.sleep(0)

    on_a(desk, orders)
    assert [each[0] for each in desk.typed] == ["run"]


def test_a_session_that_ends_by_itself_leaves_the_desk_idle(tmp_path):
    desk = Puppets(tmp_path, session="raise SystemExit(5)")

    async def orders():
        await desk.obey({"do": "start"})
        await until(desk, "idle")

    on_a(desk, orders)
    assert "exit code 5" in desk.said


@pytest.mark.parametrize(
    "order",
    [
        {"do": "pause"},
        {"do": "stop"},
        {"do": "dance"},
        {},
        {"do": "set", "knob": "channel.cut", "value": True},
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, order):
    desk = Puppets(tmp_path)

    async def orders():
        with pytest.raises(Refused):
            await desk.obey(order)

    on_a(desk, orders)
    assert desk.typed == []


def test_a_token_is_made_for_its_owner_alone_and_read_again(tmp_path):
    path = tmp_path / "monitor.token"
    token = token_in(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert token_in(path) == token
    path.chmod(0o644)
    with pytest.raises(RecordingError, match="others can read it"):
        token_in(path)
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(RecordingError, match="no token"):
        token_in(path)


def test_a_wrong_token_is_not_followed_by_another_try_at_once():
    now = [0.0]
    login = Login("right", lambda: now[0])
    assert login.enter("wrong") is None
    assert login.enter("right") is None
    now[0] = 1.5
    cookie = login.enter("right")
    assert login.known(cookie)
    assert not login.known("")
    assert not login.known(cookie[:-1] + "é")


@asynccontextmanager
async def page(board, desk=None):
    control = None if desk is None else Control(desk, Login("right"))
    runner = web.AppRunner(application(board, frozenset({"127.0.0.1"}), control=control))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    # Cookies of a bare address are only kept by an unsafe jar.
    async with ClientSession(
        f"http://127.0.0.1:{runner.addresses[0][1]}", cookie_jar=CookieJar(unsafe=True)
    ) as http:
        try:
            yield http
        finally:
            await runner.cleanup()


def test_only_who_logged_in_gives_orders(board, tmp_path):
    desk = Puppets(tmp_path)

    async def run():
        async with page(board, desk) as http:
            assert (await http.post("/order", json={"do": "start"})).status == 403
            assert (
                await http.post("/order", json={"do": "start"}, cookies={"qkdctl-desk": "x"})
            ).status == 403
            assert (await http.post("/login", json={"token": "wrong"})).status == 403
            assert (await http.post("/login", data="token=right")).status == 415
            assert (
                await http.post("/login", data=b"[1]", headers={"Content-Type": "application/json"})
            ).status == 400
            await asyncio.sleep(1.1)
            answer = await http.post("/login", json={"token": "right"})
            assert answer.status == 204
            assert "HttpOnly" in answer.headers["Set-Cookie"]
            assert "SameSite=Strict" in answer.headers["Set-Cookie"]
            assert (await http.post("/order", data="do=start")).status == 415
            assert (await http.post("/order", json={"do": "pause"})).status == 409
            assert (await http.post("/order", json={"do": "start"})).status == 204
            told = (await (await http.get("/state.json")).json())["desk"]
            assert (told["state"], told["logged_in"]) == ("running", True)
            assert "right" not in await (await http.get("/state.json")).text()

    asyncio.run(run())
    assert [each[0] for each in desk.typed] == ["run"]


def test_without_a_desk_there_is_nothing_to_operate(board):
    async def run():
        async with page(board) as http:
            assert (await http.post("/login", json={"token": "right"})).status == 404
            assert (await http.post("/order", json={"do": "start"})).status == 404
            assert (await (await http.get("/state.json")).json())["desk"] is None

    asyncio.run(run())

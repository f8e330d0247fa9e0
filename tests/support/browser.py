"""A real Chromium without a screen, driven over its own debugging protocol."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import tempfile

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip


class Browser:
    """One page.

    Attributes
    ----------
    complaints : list
        What the console and the page's code complained about.
    """

    def __init__(self):
        self.complaints = []
        self._number = 0

    async def __aenter__(self):
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self._process.stderr:
            if found := re.search(r"ws://[\d.]+:(\d+)/", line):
                break
        self._http = aiohttp.ClientSession()
        async with self._http.get(f"http://127.0.0.1:{found[1]}/json") as answer:
            page = next(each for each in await answer.json(content_type=None) if each["type"] == "page")
        self._socket = await self._http.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)
        for domain in ("Page", "Runtime", "Log"):
            await self.say(f"{domain}.enable")
        return self

    async def __aexit__(self, *_):
        await self._socket.close()
        await self._http.close()
        self._process.terminate()
        self._process.stderr.close()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def say(self, method, **parameters):
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            told = json.loads((await self._socket.receive()).data)
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self._hear(told)

    def _hear(self, told):
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(told["params"]["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if told["params"]["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(told["params"]["args"]))
            case "Log.entryAdded" if told["params"]["entry"]["level"] in ("error", "warning"):
                self.complaints.append(told["params"]["entry"]["text"])

    async def open(self, url, width=1400, height=1300, scheme="light"):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.say("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.say("Emulation.setEmulatedMedia", features=features)
        await self.say("Page.navigate", url=url)

    async def scheme(self, scheme):
        await self.say(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    async def ask(self, expression):
        """Give what an expression is on the page."""
        done = await self.say("Runtime.evaluate", expression=expression, returnByValue=True)
        return done["result"].get("value")

    async def wait_for(self, expression, seconds=60.0):
        """Wait until an expression is true on the page."""
        async with asyncio.timeout(seconds):
            while not await self.ask(expression):
                await asyncio.sleep(0.2)

    async def text(self, selector="body"):
        return await self.ask(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    async def picture(self, path):
        shot = await self.say("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

import asyncio
import json
import re

import pytest
from aiohttp import ClientSession, web
from click.testing import CliRunner
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from qkdctl.cli.root import root
from qkdctl.errors import UsageError
from qkdctl.monitor.server import application

LOADED = ("page.css", "page.js", "monitor.js", "desk.js", "plotly.min.js")


def fetch(board, *paths, method="GET", **headers):
    """Give status, headers and text of each page, from a server on a port of the system's choice."""

    async def ask():
        runner = web.AppRunner(application(board, frozenset({"127.0.0.1"})))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        try:
            async with ClientSession() as http:
                return [await one(http, f"http://127.0.0.1:{port}{path}") for path in paths]
        finally:
            await runner.cleanup()

    async def one(http, url):
        async with http.request(method, url, headers=headers) as answer:
            return answer.status, dict(answer.headers), await answer.text()

    return asyncio.run(ask())


def test_the_page_and_all_that_it_asks_for_come_from_here(board):
    (status, headers, page), *rest = fetch(board, "/", *(f"/{name}" for name in LOADED))
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    asked = set(re.findall(r'(?:src|href)="([^"]+)"', page)) - {"data:,"}
    assert asked == set(LOADED)
    assert all(status == 200 for status, _, _ in rest)
    assert not any("http" in text for _, _, text in rest[:-1])


def test_figures_are_the_boards(board, busy):
    ((_, _, text),) = fetch(board, "/state.json")
    (session,) = json.loads(text)["sessions"].values()
    assert session["beacon"]["name"] == "lab"
    assert session["secret_bits"] == 400


def test_metrics_are_openmetrics(board, busy):
    busy("bob", "alarm", "Bob's detectors", name="count-drop", severity="error", what_to_do="Look.")
    ((_, headers, text),) = fetch(board, "/metrics")
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    found = {
        (
            sample.name,
            *sorted(v for k, v in sample.labels.items() if k not in ("session", "pid")),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["qkdctl_sessions",] == 1
    assert found["qkdctl_secret_bits_total",] == 400
    assert found["qkdctl_blocks_total", "key"] == 1
    assert found["qkdctl_qber", "X"] == 0.02
    assert found["qkdctl_clock_offset_seconds",] == pytest.approx(2e-6)
    assert found["qkdctl_clock_drift_ratio",] == pytest.approx(7.5e-9)
    assert found["qkdctl_count_rate_hertz", "1", "bob"] == 200
    assert found["qkdctl_busy_ratio", "bob", "stages-0"] == 0.25
    assert found["qkdctl_memory_bytes", "bob", "stages-0"] == 2**25
    assert found["qkdctl_alarm", "Bob's detectors", "count-drop", "error"] == 1


def test_a_name_bent_to_this_address_gets_nothing(board):
    ((status, _, _),) = fetch(board, "/state.json", Host="evil.example")
    assert status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nobody_can_change_anything(board, method):
    for status, _, _ in fetch(board, "/", "/state.json", "/metrics", method=method):
        assert status == 405


@pytest.mark.parametrize("command", [("monitor",), ("network", "monitor")])
def test_on_all_addresses_it_is_served_only_under_a_name(command, tmp_path):
    done = CliRunner().invoke(root, [*command, "--host", "0.0.0.0"])
    assert isinstance(done.exception, UsageError)
    assert "say by which names" in str(done.exception)
